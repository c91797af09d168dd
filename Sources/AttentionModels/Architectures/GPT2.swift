import Attention
import AttentionTensors

/// GPT-2 ("Language Models are Unsupervised Multitask Learners", 2019): learned positions, layer norms with
/// biases, queries, keys and values from one matrix, a feed-forward network without a gate.
struct GPT2Configuration: DecoderArchitecture {
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

    func decoder() throws -> DecoderTransformer.Configuration {
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
        return DecoderTransformer.Configuration(
            width: nEmbd, layers: nLayer, heads: nHead, keyValueHeads: nHead, headWidth: nEmbd / nHead,
            feedForwardWidth: nInner ?? 4 * nEmbd, vocabulary: vocabSize, longestSequence: nPositions,
            positions: .learned, norm: .layer(epsilon: layerNormEpsilon ?? 1e-5),
            activation: try Activation(
                configured: activationFunction ?? "gelu_new", field: "activation_function"),
            biases: [.queryKeyValue, .output, .feedForward],
            isHeadTied: tieWordEmbeddings ?? true)
    }

    var tensorNames: DecoderTransformer.TensorNames {
        DecoderTransformer.TensorNames(
            prefix: "transformer", tokens: "wte", positions: "wpe", layers: "h", norm: "ln_f",
            head: "lm_head", attentionNorm: "ln_1", queryKeyValue: .joined("attn.c_attn"),
            attentionOutput: "attn.c_proj", feedForwardNorm: "ln_2", expand: .plain("mlp.c_fc"),
            contract: "mlp.c_proj", isTransposed: true)
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: nil,
            norm: .layer(epsilon: Float(fields.double("attention.layer_norm_epsilon") ?? 1e-5)),
            activation: .geluTanh)
        configuration.biases = [.queryKeyValue, .output, .feedForward]
        return configuration
    }

    static var ggufTensorNames: DecoderTransformer.TensorNames {
        var names = DecoderTransformer.TensorNames.gguf
        names.queryKeyValue = .joined("attn_qkv")
        names.expand = .plain("ffn_up")
        return names
    }
}
