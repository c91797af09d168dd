import Attention
import AttentionJSON
import AttentionTensors

/// ModernBERT (arXiv:2412.13663): an encoder with rotary positions, norms before each part, and gated units.
/// Every third layer sees all tokens, and the others those near it, each kind with a rotary base of its own.
struct ModernBERT: ModelFamily {
    static let kind = ModelKind.encoder
    static let modelTypes = ["modernbert"]
    static let ggufNames = ["modern-bert"]

    private let fields: Fields
    private let rotary: RotaryFields

    private struct Fields: Decodable {
        let hiddenSize: Int
        let numHiddenLayers: Int
        let numAttentionHeads: Int
        let intermediateSize: Int
        let vocabSize: Int
        let maxPositionEmbeddings: Int?
        let hiddenActivation: String?
        let normEps: Float?
        let normBias: Bool?
        let attentionBias: Bool?
        let mlpBias: Bool?
        let localAttention: Int?
        let globalAttnEveryNLayers: Int?
        let globalRopeTheta: Double?
        let localRopeTheta: Double?
        let layerTypes: [String]?

        private enum CodingKeys: String, CodingKey {
            case hiddenSize = "hidden_size"
            case numHiddenLayers = "num_hidden_layers"
            case numAttentionHeads = "num_attention_heads"
            case intermediateSize = "intermediate_size"
            case vocabSize = "vocab_size"
            case maxPositionEmbeddings = "max_position_embeddings"
            case hiddenActivation = "hidden_activation"
            case normEps = "norm_eps"
            case normBias = "norm_bias"
            case attentionBias = "attention_bias"
            case mlpBias = "mlp_bias"
            case localAttention = "local_attention"
            case globalAttnEveryNLayers = "global_attn_every_n_layers"
            case globalRopeTheta = "global_rope_theta"
            case localRopeTheta = "local_rope_theta"
            case layerTypes = "layer_types"
        }
    }

    init(from decoder: any Decoder) throws {
        fields = try Fields(from: decoder)
        rotary = try RotaryFields(from: decoder)
    }

    func configuration() throws -> TransformerConfiguration {
        try ConfigurationCheck.positive(fields.hiddenSize, "hidden_size")
        try ConfigurationCheck.divides(fields.numAttentionHeads, fields.hiddenSize, "num_attention_heads")
        let every = fields.globalAttnEveryNLayers ?? 3
        try ConfigurationCheck.positive(every, "global_attn_every_n_layers")
        let width = fields.hiddenSize / fields.numAttentionHeads
        let (globalBase, localBase) = (fields.globalRopeTheta ?? 160_000, fields.localRopeTheta ?? 10_000)
        let norm = NormConfiguration.layer(epsilon: fields.normEps ?? 1e-5, hasBias: fields.normBias ?? false)
        var attention = AttentionConfiguration(
            heads: fields.numAttentionHeads, headWidth: width,
            rotary: try rotary.embedding(headWidth: width, of: .full, theta: globalBase)
                ?? RotaryEmbedding(width: width, base: globalBase),
            span: .bidirectional())
        attention.hasQueryKeyValueBiases = fields.attentionBias ?? false
        attention.hasOutputBias = fields.attentionBias ?? false
        var feedForward = FeedForwardConfiguration(
            width: fields.intermediateSize,
            activation: try Activation(
                configured: fields.hiddenActivation ?? "gelu", field: "hidden_activation"),
            isGated: true)
        feedForward.hasBiases = fields.mlpBias ?? false
        let local =
            try rotary.embedding(headWidth: width, of: .sliding, theta: localBase)
            ?? RotaryEmbedding(width: width, base: localBase)
        let isLocal =
            try fields.layerTypes.map { try LayerTypes.areSliding($0, layers: fields.numHiddenLayers) }
        return try .modernBERT(
            width: fields.hiddenSize, vocabulary: fields.vocabSize,
            longestSequence: fields.maxPositionEmbeddings ?? 8192,
            block: BlockConfiguration(attention: attention, feedForward: feedForward, norm: norm),
            layers: fields.numHiddenLayers, local: (local, reach: (fields.localAttention ?? 128) / 2),
            isLocal: { isLocal?[$0] ?? ($0 % every != 0) })
    }

    var names: CheckpointNames {
        var names = CheckpointNames(
            prefixes: ["model"],
            model: [
                .tokens: "embeddings.tok_embeddings", .embeddingNorm: "embeddings.norm",
                .outputNorm: "final_norm",
            ],
            layers: "layers",
            block: [
                .attentionNorm: "attn_norm", .attentionOutput: "attn.Wo", .feedForwardNorm: "mlp_norm",
                .down: "mlp.Wo",
            ])
        names.join([.query, .key, .value], as: "attn.Wqkv")
        names.join([.gate, .up], as: "mlp.Wi")
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        let (width, heads) = (
            try fields.required("embedding_length"), try fields.uniform("attention.head_count")
        )
        try ConfigurationCheck.divides(heads, width, fields.key("attention.head_count"))
        let headWidth = width / heads
        let norm = NormConfiguration.layer(
            epsilon: Float(
                try fields.double("attention.layer_norm_epsilon")
                    ?? fields.double("attention.layer_norm_rms_epsilon") ?? 1e-5),
            hasBias: false)
        let attention = AttentionConfiguration(
            heads: heads, headWidth: headWidth, rotary: try fields.rotary(headWidth: headWidth),
            span: .bidirectional())
        let feedForward = FeedForwardConfiguration(
            width: try fields.uniform("feed_forward_length"), activation: try activation(gguf: fields),
            isGated: true)
        let layers = try fields.required("block_count")
        try ConfigurationCheck.layers(layers)
        let window = try fields.window()
        let isLocal = try fields.windowedLayers(layers, pattern: 3, beginsFull: true)
        let local = try RotaryEmbedding(
            width: headWidth, base: try fields.double("rope.freq_base_swa") ?? 10_000)
        return try .modernBERT(
            width: width, vocabulary: try fields.vocabulary(),
            longestSequence: try fields.required("context_length"),
            block: BlockConfiguration(attention: attention, feedForward: feedForward, norm: norm),
            layers: layers, local: (local, reach: (window ?? 0) / 2),
            isLocal: { window != nil && isLocal[$0] })
    }

    /// The gated unit by its name, as llama.cpp has them. The function is that with which the models were
    /// trained; llama.cpp takes the tanh approximation of GELU.
    private static func activation(gguf fields: GGUFFields) throws -> Activation {
        let name = try fields.metadata.string(fields.key("hidden_activation"))
        return switch name.map({ ExactString($0) }) {
        case nil, "gelu", "geglu": .gelu
        case "silu", "swish", "swiglu": .silu
        case let name?:
            throw fields.unsupported(
                "hidden_activation", "'\(name.string)'", "gelu, geglu, silu, swish, swiglu")
        }
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.join([.query, .key, .value], as: "attn_qkv")
        names.join([.gate, .up], as: "ffn_up")
        names.rotaryDivisors = nil
        return names
    }
}

extension TransformerConfiguration {
    fileprivate static func modernBERT(
        width: Int, vocabulary: Int, longestSequence: Int, block: BlockConfiguration, layers: Int,
        local: (rotary: RotaryEmbedding, reach: Int), isLocal: (Int) -> Bool
    ) throws -> TransformerConfiguration {
        var input = InputConfiguration()
        input.norm = block.norm
        var model = TransformerConfiguration(
            width: width, vocabulary: vocabulary, longestSequence: longestSequence, input: input,
            blocks: try blocks(block, count: layers), outputNorm: block.norm)
        model.updateBlocks { layer, block in
            // The embeddings are normalised already.
            block.hasAttentionNorm = layer > 0
            guard isLocal(layer) else { return }
            block.attention.rotary = local.rotary
            block.attention.span = .bidirectional(reach: local.reach)
        }
        return model
    }
}
