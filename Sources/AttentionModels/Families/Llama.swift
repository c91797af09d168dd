import Attention
import AttentionTensors

/// Llama (arXiv:2302.13971, arXiv:2307.09288, arXiv:2407.21783).
///
/// GGUF files have its queries' and keys' channels in the order in which neighbours turn together, and Llama
/// 3.1's scaled frequencies as a tensor of divisors. Mistral's and Mixtral's models are stored as Llama's
/// there, Mistral's without their window.
struct Llama: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["llama"]
    static let ggufNames = ["llama"]

    let fields: LlamaFields

    init(from decoder: any Decoder) throws { fields = try LlamaFields(from: decoder) }

    func configuration() throws -> TransformerConfiguration { try fields.configuration() }

    var names: CheckpointNames { .llama }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .silu)
        model.setWindow(try fields.integer("attention.sliding_window"))
        return model
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.pairing = .interleaved
        return names
    }
}
