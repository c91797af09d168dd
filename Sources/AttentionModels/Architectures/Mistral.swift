import Attention
import AttentionTensors

/// Mistral (arXiv:2310.06825): Llama with a sliding window in every layer.
struct MistralConfiguration: DecoderArchitecture {
    static let modelTypes = ["mistral"]
    static let ggufNames: [String] = []
    static let ggufPairing = LlamaConfiguration.ggufPairing

    let fields: LlamaFields
    let slidingWindow: Int?
    let hasLayerTypes: Bool

    private enum CodingKeys: String, CodingKey {
        case slidingWindow = "sliding_window"
        case layerTypes = "layer_types"
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        let own = try decoder.container(keyedBy: CodingKeys.self)
        // null means none; the first files, in which it is absent, mean 4096.
        slidingWindow =
            own.contains(.slidingWindow) ? try own.decodeIfPresent(Int.self, forKey: .slidingWindow) : 4096
        hasLayerTypes = try own.contains(.layerTypes) && !own.decodeNil(forKey: .layerTypes)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        if hasLayerTypes {
            throw ModelConfigurationError.unsupported(
                field: "layer_types", value: "present", supported: "absent in models of type mistral")
        }
        var configuration = try fields.configuration(positions: 131_072)
        configuration.window = slidingWindow
        return configuration
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        try LlamaConfiguration.decoder(gguf: fields)
    }
}
