import Attention
import AttentionTensors

/// Phi-3 (arXiv:2404.14219): Llama with queries, keys and values from one matrix, and gate and values from
/// another. Its models for long texts have LongRoPE, whose divisors GGUF files hold as tensors.
struct Phi3Configuration: DecoderArchitecture {
    static let modelTypes = ["phi3"]
    static let ggufNames = ["phi3"]

    let fields: LlamaFields
    private let own: Own

    private struct Own: Decodable {
        let slidingWindow: Int?

        private enum CodingKeys: String, CodingKey {
            case slidingWindow = "sliding_window"
        }
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        own = try Own(from: decoder)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(positions: 4096)
        configuration.window = own.slidingWindow
        return configuration
    }

    var tensorNames: DecoderTransformer.TensorNames {
        var names = DecoderTransformer.TensorNames.llama
        names.queryKeyValue = .joined("self_attn.qkv_proj")
        names.expand = .joined("mlp.gate_up_proj")
        return names
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: .halves, norm: fields.rmsNorm(), activation: .silu)
        configuration.window = try fields.integer("attention.sliding_window").flatMap { $0 > 0 ? $0 : nil }
        return configuration
    }

    static var ggufTensorNames: DecoderTransformer.TensorNames {
        var names = DecoderTransformer.TensorNames.gguf
        names.queryKeyValue = .joined("attn_qkv")
        names.expand = .joined("ffn_up")
        names.longRopeDivisors = ("rope_factors_short.weight", "rope_factors_long.weight")
        return names
    }
}
