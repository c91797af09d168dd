import Attention
import AttentionTensors

/// The fields of `config.json` that the decoders after Llama have in common: root-mean-square norms, rotary positions,
/// grouped queries and a gated feed-forward network.
struct LlamaFields: Decodable {
    let hidden_size: Int
    let num_hidden_layers: Int
    let num_attention_heads: Int
    let num_key_value_heads: Int?
    let head_dim: Int?
    let intermediate_size: Int
    let vocab_size: Int
    let max_position_embeddings: Int?
    let hidden_act: String?
    let rms_norm_eps: Float?
    let tie_word_embeddings: Bool?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let rotary: RotaryFields

    private enum CodingKeys: String, CodingKey {
        case hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim
        case intermediate_size, vocab_size, max_position_embeddings, hidden_act, rms_norm_eps
        case tie_word_embeddings, attention_bias, mlp_bias
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        hidden_size = try fields.decode(Int.self, forKey: .hidden_size)
        num_hidden_layers = try fields.decode(Int.self, forKey: .num_hidden_layers)
        num_attention_heads = try fields.decode(Int.self, forKey: .num_attention_heads)
        num_key_value_heads = try fields.decodeIfPresent(Int.self, forKey: .num_key_value_heads)
        head_dim = try fields.decodeIfPresent(Int.self, forKey: .head_dim)
        intermediate_size = try fields.decode(Int.self, forKey: .intermediate_size)
        vocab_size = try fields.decode(Int.self, forKey: .vocab_size)
        max_position_embeddings = try fields.decodeIfPresent(Int.self, forKey: .max_position_embeddings)
        hidden_act = try fields.decodeIfPresent(String.self, forKey: .hidden_act)
        rms_norm_eps = try fields.decodeIfPresent(Float.self, forKey: .rms_norm_eps)
        tie_word_embeddings = try fields.decodeIfPresent(Bool.self, forKey: .tie_word_embeddings)
        attention_bias = try fields.decodeIfPresent(Bool.self, forKey: .attention_bias)
        mlp_bias = try fields.decodeIfPresent(Bool.self, forKey: .mlp_bias)
        rotary = try RotaryFields(from: decoder)
    }

    /// - Parameters:
    ///   - headWidth: D where `head_dim` is absent; nil: M / Hq.
    ///   - positions: Where `max_position_embeddings` is absent.
    func configuration(headWidth: Int? = nil, positions: Int = 2048) throws
        -> DecoderTransformer.Configuration
    {
        try ConfigurationCheck.positive(num_attention_heads, "num_attention_heads")
        try ConfigurationCheck.positive(hidden_size, "hidden_size")
        let headWidth = head_dim ?? headWidth ?? hidden_size / num_attention_heads
        try ConfigurationCheck.positive(headWidth, "head_dim")
        var biases: DecoderTransformer.Configuration.Biases = []
        if attention_bias == true { biases.formUnion([.queryKeyValue, .output]) }
        if mlp_bias == true { biases.formUnion(.feedForward) }
        let embedding = try rotary.embedding(headWidth: headWidth)
        var longest = max_position_embeddings ?? positions
        if case .dynamic(let factor, let original) = embedding.scaling {
            // The file's number is that of the positions before scaling.
            longest = Int(min(max(factor, 1) * Double(original), Double(Int32.max)))
        }
        return DecoderTransformer.Configuration(
            width: hidden_size, layers: num_hidden_layers, heads: num_attention_heads,
            keyValueHeads: num_key_value_heads ?? num_attention_heads, headWidth: headWidth,
            feedForwardWidth: intermediate_size, vocabulary: vocab_size,
            longestSequence: longest, positions: .rotary(embedding),
            norm: .rms(epsilon: rms_norm_eps ?? 1e-6),
            activation: try Activation(configured: hidden_act ?? "silu", field: "hidden_act"),
            biases: biases, isHeadTied: tie_word_embeddings ?? false)
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
