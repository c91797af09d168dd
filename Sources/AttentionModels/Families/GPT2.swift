import Attention
import AttentionTensors

/// GPT-2 ("Language Models are Unsupervised Multitask Learners", 2019): learned positions, layer norms with
/// biases, queries, keys and values from one matrix, a feed-forward network without a gate.
struct GPT2: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["gpt2"]
    static let ggufNames = ["gpt2"]

    let vocabSize: Int
    let nPositions: Int
    let nEmbd: Int
    let nLayer: Int
    let nHead: Int
    let nInner: Int?
    let activationFunction: String?
    let layerNormEpsilon: Float?
    let scaleAttnWeights: Bool?
    let scaleAttnByInverseLayerIdx: Bool?
    let addCrossAttention: Bool?
    let tieWordEmbeddings: Bool?

    private enum CodingKeys: String, CodingKey {
        case vocabSize = "vocab_size"
        case nPositions = "n_positions"
        case nEmbd = "n_embd"
        case nLayer = "n_layer"
        case nHead = "n_head"
        case nInner = "n_inner"
        case activationFunction = "activation_function"
        case layerNormEpsilon = "layer_norm_epsilon"
        case scaleAttnWeights = "scale_attn_weights"
        case scaleAttnByInverseLayerIdx = "scale_attn_by_inverse_layer_idx"
        case addCrossAttention = "add_cross_attention"
        case tieWordEmbeddings = "tie_word_embeddings"
    }

    func configuration() throws -> TransformerConfiguration {
        for (field, value, wanted) in [
            ("scale_attn_weights", scaleAttnWeights, true),
            ("scale_attn_by_inverse_layer_idx", scaleAttnByInverseLayerIdx, false),
            ("add_cross_attention", addCrossAttention, false),
        ] where value ?? wanted != wanted {
            throw ModelConfigurationError.unsupported(
                field: field, value: "\(!wanted)", supported: "\(wanted)")
        }
        try ConfigurationCheck.positive(nEmbd, "n_embd")
        try ConfigurationCheck.positive(nHead, "n_head")
        try ConfigurationCheck.divides(nHead, nEmbd, "n_head")
        var attention = AttentionConfiguration(heads: nHead, headWidth: nEmbd / nHead, span: .causal())
        attention.hasQueryKeyValueBiases = true
        attention.hasOutputBias = true
        var feedForward = FeedForwardConfiguration(
            width: nInner ?? 4 * nEmbd,
            activation: try Activation(
                configured: activationFunction ?? "gelu_new", field: "activation_function"),
            isGated: false)
        feedForward.hasBiases = true
        let norm = NormConfiguration.layer(epsilon: layerNormEpsilon ?? 1e-5)
        var input = InputConfiguration()
        input.positions = InputConfiguration.PositionTable(count: nPositions)
        var model = TransformerConfiguration(
            width: nEmbd, vocabulary: vocabSize, longestSequence: nPositions, input: input,
            blocks: try TransformerConfiguration.blocks(
                BlockConfiguration(attention: attention, feedForward: feedForward, norm: norm),
                count: nLayer),
            outputNorm: norm)
        model.head.isTied = tieWordEmbeddings ?? true
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames(
            prefixes: ["transformer"],
            model: [.tokens: "wte", .positions: "wpe", .outputNorm: "ln_f", .head: "lm_head"],
            layers: "h",
            block: [
                .attentionNorm: "ln_1", .attentionOutput: "attn.c_proj", .feedForwardNorm: "ln_2",
                .up: "mlp.c_fc", .down: "mlp.c_proj",
            ])
        names.join([.query, .key, .value], as: "attn.c_attn")
        names.isTransposed = true
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(
            norm: .layer(epsilon: Float(fields.double("attention.layer_norm_epsilon") ?? 1e-5)),
            activation: .geluTanh, isGated: false, isRotary: false)
        model.updateBlocks { _, block in
            block.attention.hasQueryKeyValueBiases = true
            block.attention.hasOutputBias = true
            block.feedForward.hasBiases = true
        }
        return model
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.join([.query, .key, .value], as: "attn_qkv")
        return names
    }
}
