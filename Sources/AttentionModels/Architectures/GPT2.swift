import Attention
import AttentionTensors

/// GPT-2 ("Language Models are Unsupervised Multitask Learners", 2019): learned positions, layer norms with biases, queries,
/// keys and values from one matrix, a feed-forward network without a gate.
struct GPT2Configuration: DecoderArchitecture {
    static let modelTypes = ["gpt2"]
    static let ggufNames = ["gpt2"]

    let vocab_size: Int
    let n_positions: Int
    let n_embd: Int
    let n_layer: Int
    let n_head: Int
    let n_inner: Int?
    let activation_function: String?
    let layer_norm_epsilon: Float?
    let scale_attn_weights: Bool?
    let scale_attn_by_inverse_layer_idx: Bool?
    let add_cross_attention: Bool?
    let tie_word_embeddings: Bool?

    func decoder() throws -> DecoderTransformer.Configuration {
        for (field, value, wanted) in [
            ("scale_attn_weights", scale_attn_weights, true),
            ("scale_attn_by_inverse_layer_idx", scale_attn_by_inverse_layer_idx, false),
            ("add_cross_attention", add_cross_attention, false),
        ] where value ?? wanted != wanted {
            throw ModelConfigurationError.unsupported(
                field: field, value: "\(!wanted)", supported: "\(wanted)")
        }
        try ConfigurationCheck.positive(n_embd, "n_embd")
        try ConfigurationCheck.positive(n_head, "n_head")
        try ConfigurationCheck.divides(n_head, n_embd, "n_head")
        return DecoderTransformer.Configuration(
            width: n_embd, layers: n_layer, heads: n_head, keyValueHeads: n_head, headWidth: n_embd / n_head,
            feedForwardWidth: n_inner ?? 4 * n_embd, vocabulary: vocab_size, longestSequence: n_positions,
            positions: .learned, norm: .layer(epsilon: layer_norm_epsilon ?? 1e-5),
            activation: try Activation(
                configured: activation_function ?? "gelu_new", field: "activation_function"),
            biases: [.queryKeyValue, .output, .feedForward],
            isHeadTied: tie_word_embeddings ?? true)
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
