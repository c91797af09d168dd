import Attention
import AttentionTensors

/// The fields of `config.json` that the decoders after Llama have in common: root-mean-square norms, rotary
/// positions, grouped queries and a gated feed-forward network.
struct LlamaFields: Decodable {
    let hiddenSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let numKeyValueHeads: Int?
    let headDim: Int?
    let intermediateSize: Int
    let vocabSize: Int
    let maxPositionEmbeddings: Int?
    let hiddenAct: String?
    let rmsNormEps: Float?
    let tieWordEmbeddings: Bool?
    let attentionBias: Bool?
    let mlpBias: Bool?
    let rotary: RotaryFields

    private enum CodingKeys: String, CodingKey {
        case hiddenSize = "hidden_size"
        case numHiddenLayers = "num_hidden_layers"
        case numAttentionHeads = "num_attention_heads"
        case numKeyValueHeads = "num_key_value_heads"
        case headDim = "head_dim"
        case intermediateSize = "intermediate_size"
        case vocabSize = "vocab_size"
        case maxPositionEmbeddings = "max_position_embeddings"
        case hiddenAct = "hidden_act"
        case rmsNormEps = "rms_norm_eps"
        case tieWordEmbeddings = "tie_word_embeddings"
        case attentionBias = "attention_bias"
        case mlpBias = "mlp_bias"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        hiddenSize = try fields.decode(Int.self, forKey: .hiddenSize)
        numHiddenLayers = try fields.decode(Int.self, forKey: .numHiddenLayers)
        numAttentionHeads = try fields.decode(Int.self, forKey: .numAttentionHeads)
        numKeyValueHeads = try fields.decodeIfPresent(Int.self, forKey: .numKeyValueHeads)
        headDim = try fields.decodeIfPresent(Int.self, forKey: .headDim)
        intermediateSize = try fields.decode(Int.self, forKey: .intermediateSize)
        vocabSize = try fields.decode(Int.self, forKey: .vocabSize)
        maxPositionEmbeddings = try fields.decodeIfPresent(Int.self, forKey: .maxPositionEmbeddings)
        hiddenAct = try fields.decodeIfPresent(String.self, forKey: .hiddenAct)
        rmsNormEps = try fields.decodeIfPresent(Float.self, forKey: .rmsNormEps)
        tieWordEmbeddings = try fields.decodeIfPresent(Bool.self, forKey: .tieWordEmbeddings)
        attentionBias = try fields.decodeIfPresent(Bool.self, forKey: .attentionBias)
        mlpBias = try fields.decodeIfPresent(Bool.self, forKey: .mlpBias)
        rotary = try RotaryFields(from: decoder)
    }

    /// - Parameters:
    ///   - headWidth: D where `head_dim` is absent; nil: M / Hq.
    ///   - positions: Where `max_position_embeddings` is absent.
    func configuration(headWidth: Int? = nil, positions: Int = 2048) throws
        -> DecoderTransformer.Configuration
    {
        try ConfigurationCheck.positive(numAttentionHeads, "num_attention_heads")
        try ConfigurationCheck.positive(hiddenSize, "hidden_size")
        let headWidth = headDim ?? headWidth ?? hiddenSize / numAttentionHeads
        try ConfigurationCheck.positive(headWidth, "head_dim")
        var biases: DecoderTransformer.Configuration.Biases = []
        if attentionBias == true { biases.formUnion([.queryKeyValue, .output]) }
        if mlpBias == true { biases.formUnion(.feedForward) }
        let embedding = try rotary.embedding(headWidth: headWidth)
        var longest = maxPositionEmbeddings ?? positions
        if case .dynamic(let factor, let original) = embedding.scaling {
            // The file's number is that of the positions before scaling.
            longest = Int(min(max(factor, 1) * Double(original), Double(Int32.max)))
        }
        return DecoderTransformer.Configuration(
            width: hiddenSize, layers: numHiddenLayers, heads: numAttentionHeads,
            keyValueHeads: numKeyValueHeads ?? numAttentionHeads, headWidth: headWidth,
            feedForwardWidth: intermediateSize, vocabulary: vocabSize,
            longestSequence: longest, positions: .rotary(embedding),
            norm: .rms(epsilon: rmsNormEps ?? 1e-6),
            activation: try Activation(configured: hiddenAct ?? "silu", field: "hidden_act"),
            biases: biases, isHeadTied: tieWordEmbeddings ?? false)
    }
}

extension DecoderTransformer.TensorNames {
    /// The names that checkpoints of this family have.
    static let llama = DecoderTransformer.TensorNames(
        prefix: "model", tokens: "embed_tokens", layers: "layers", norm: "norm", head: "lm_head",
        attentionNorm: "input_layernorm",
        queryKeyValue: .separate(
            query: "self_attn.q_proj", key: "self_attn.k_proj", value: "self_attn.v_proj"),
        attentionOutput: "self_attn.o_proj", feedForwardNorm: "post_attention_layernorm",
        expand: .gated(gate: "mlp.gate_proj", up: "mlp.up_proj"), contract: "mlp.down_proj")

    /// The names that GGUF files of every architecture have.
    static let gguf = DecoderTransformer.TensorNames(
        prefix: nil, tokens: "token_embd", positions: "position_embd", layers: "blk", norm: "output_norm",
        head: "output", attentionNorm: "attn_norm",
        queryKeyValue: .separate(query: "attn_q", key: "attn_k", value: "attn_v"),
        attentionOutput: "attn_output", queryNorm: "attn_q_norm", keyNorm: "attn_k_norm",
        attentionOutputNorm: "post_attention_norm", feedForwardNorm: "ffn_norm",
        expand: .gated(gate: "ffn_gate", up: "ffn_up"), contract: "ffn_down",
        feedForwardOutputNorm: "post_ffw_norm", rotaryDivisors: "rope_freqs.weight")
}
