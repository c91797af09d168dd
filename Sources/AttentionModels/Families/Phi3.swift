import Attention
import AttentionTensors

/// Phi-3 (arXiv:2404.14219): Llama with queries, keys and values from one matrix, and gate and values from
/// another. Its models for long texts have LongRoPE, whose divisors GGUF files hold as tensors.
struct Phi3: ModelFamily {
    static let kind = ModelKind.decoder
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

    func configuration() throws -> TransformerConfiguration {
        var model = try fields.configuration(positions: 4096)
        model.setWindow(own.slidingWindow)
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.join([.query, .key, .value], as: "self_attn.qkv_proj")
        names.join([.gate, .up], as: "mlp.gate_up_proj")
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .silu)
        model.setWindow(try fields.integer("attention.sliding_window").flatMap { $0 > 0 ? $0 : nil })
        return model
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.join([.query, .key, .value], as: "attn_qkv")
        names.join([.gate, .up], as: "ffn_up")
        names.longRopeDivisors = ("rope_factors_short.weight", "rope_factors_long.weight")
        return names
    }
}
