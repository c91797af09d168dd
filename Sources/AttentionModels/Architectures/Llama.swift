import Attention
import AttentionTensors

/// Llama (arXiv:2302.13971, arXiv:2307.09288, arXiv:2407.21783).
///
/// GGUF files have its queries' and keys' channels in the order in which neighbours turn together, and Llama
/// 3.1's scaled frequencies as a tensor of divisors. Mistral's models are stored as Llama's there, without
/// their window.
struct LlamaConfiguration: DecoderArchitecture {
    static let modelTypes = ["llama"]
    static let ggufNames = ["llama"]
    static let ggufPairing = RotaryEmbedding.Pairing.interleaved

    let fields: LlamaFields

    init(from decoder: any Decoder) throws { fields = try LlamaFields(from: decoder) }

    func decoder() throws -> DecoderTransformer.Configuration { try fields.configuration() }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: ggufPairing, norm: fields.rmsNorm(), activation: .silu)
        configuration.window = try fields.integer("attention.sliding_window")
        return configuration
    }
}
