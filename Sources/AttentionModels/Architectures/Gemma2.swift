import Attention
import AttentionTensors

/// Gemma 2 (arXiv:2408.00118): softcaps of scores and logits, a window in every other layer, norms before and after each
/// part, token vectors scaled by √M, a scale of scores of its own.
///
/// Its norms multiply by 1 + gain; in GGUF files the 1 is in the gain already.
struct Gemma2Configuration: DecoderArchitecture {
    static let modelTypes = ["gemma2"]
    static let ggufNames = ["gemma2"]

    let fields: LlamaFields
    private let own: Own

    private struct Own: Decodable {
        let hidden_activation: String?
        let query_pre_attn_scalar: Float?
        let sliding_window: Int?
        let layer_types: [String]?
        let attn_logit_softcapping: Float?
        let final_logit_softcapping: Float?
        let use_bidirectional_attention: Bool?
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        own = try Own(from: decoder)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        if own.use_bidirectional_attention == true {
            throw ModelConfigurationError.unsupported(
                field: "use_bidirectional_attention", value: "true", supported: "false")
        }
        var configuration = try fields.configuration(headWidth: 256, positions: 8192)
        configuration.activation = try Activation(
            configured: own.hidden_activation ?? "gelu_pytorch_tanh", field: "hidden_activation")
        configuration.norm = .rms(epsilon: fields.rms_norm_eps ?? 1e-6, gainIsOffset: true)
        configuration.normalizesOutputs = true
        configuration.embeddingScale = Float(fields.hidden_size).squareRoot()
        configuration.scoreScale = 1 / (own.query_pre_attn_scalar ?? 256).squareRoot()
        configuration.scoreSoftcap = own.attn_logit_softcapping
        configuration.logitSoftcap = own.final_logit_softcapping
        configuration.window = own.sliding_window
        configuration.windowedLayers =
            try own.layer_types.map { try .init(layerTypes: $0, layers: configuration.layers) } ?? .even
        configuration.isHeadTied = fields.tie_word_embeddings ?? true
        return configuration
    }

    var tensorNames: DecoderTransformer.TensorNames {
        var names = DecoderTransformer.TensorNames.llama
        names.attentionOutputNorm = "post_attention_layernorm"
        names.feedForwardNorm = "pre_feedforward_layernorm"
        names.feedForwardOutputNorm = "post_feedforward_layernorm"
        return names
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: .halves, norm: fields.rmsNorm(), activation: .geluTanh)
        configuration.normalizesOutputs = true
        configuration.embeddingScale = Float(configuration.width).squareRoot()
        // The file does not say it: the model of 46 layers, 27B, divides by M / Hq, and the others by D.
        let divisor =
            configuration.layers == 46
            ? configuration.width / configuration.heads : configuration.headWidth
        configuration.scoreScale = 1 / Float(divisor).squareRoot()
        configuration.scoreSoftcap = Float(try fields.double("attn_logit_softcapping") ?? 50)
        configuration.logitSoftcap = Float(try fields.double("final_logit_softcapping") ?? 30)
        configuration.window = try fields.integer("attention.sliding_window") ?? 4096
        configuration.windowedLayers = .even
        return configuration
    }
}
