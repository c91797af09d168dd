import Attention
import AttentionTensors

/// Gemma 2 (arXiv:2408.00118): softcaps of scores and logits, a window in every other layer, norms before and
/// after each part, token vectors scaled by √M, a scale of scores of its own.
///
/// Its norms multiply by 1 + gain; in GGUF files the 1 is in the gain already.
struct Gemma2Configuration: DecoderArchitecture {
    static let modelTypes = ["gemma2"]
    static let ggufNames = ["gemma2"]

    let fields: LlamaFields
    private let own: Own

    private struct Own: Decodable {
        let hiddenActivation: String?
        let queryPreAttnScalar: Float?
        let slidingWindow: Int?
        let layerTypes: [String]?
        let attnLogitSoftcapping: Float?
        let finalLogitSoftcapping: Float?
        let useBidirectionalAttention: Bool?

        private enum CodingKeys: String, CodingKey {
            case hiddenActivation = "hidden_activation"
            case queryPreAttnScalar = "query_pre_attn_scalar"
            case slidingWindow = "sliding_window"
            case layerTypes = "layer_types"
            case attnLogitSoftcapping = "attn_logit_softcapping"
            case finalLogitSoftcapping = "final_logit_softcapping"
            case useBidirectionalAttention = "use_bidirectional_attention"
        }
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        own = try Own(from: decoder)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        if own.useBidirectionalAttention == true {
            throw ModelConfigurationError.unsupported(
                field: "use_bidirectional_attention", value: "true", supported: "false")
        }
        var configuration = try fields.configuration(headWidth: 256, positions: 8192)
        configuration.activation = try Activation(
            configured: own.hiddenActivation ?? "gelu_pytorch_tanh", field: "hidden_activation")
        configuration.norm = .rms(epsilon: fields.rmsNormEps ?? 1e-6, gainIsOffset: true)
        configuration.normalizesOutputs = true
        configuration.embeddingScale = Float(fields.hiddenSize).squareRoot()
        configuration.scoreScale = 1 / (own.queryPreAttnScalar ?? 256).squareRoot()
        configuration.scoreSoftcap = own.attnLogitSoftcapping
        configuration.logitSoftcap = own.finalLogitSoftcapping
        configuration.window = own.slidingWindow
        configuration.windowedLayers =
            try own.layerTypes.map { try .init(layerTypes: $0, layers: configuration.layers) } ?? .even
        configuration.isHeadTied = fields.tieWordEmbeddings ?? true
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
