import AttentionTensors

/// Mistral (arXiv:2310.06825): Llama with a sliding window in every layer.
struct Mistral: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["mistral"]
    static var storedInGGUF: any ModelFamily.Type { Llama.self }

    let fields: LlamaFields
    private let window: MistralWindow

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        window = try MistralWindow(from: decoder, default: 4096)
    }

    func configuration() throws -> TransformerConfiguration {
        var model = try fields.configuration(positions: 131_072)
        model.setWindow(window.length)
        return model
    }

    var names: CheckpointNames { .llama }
}

/// The window of Mistral's and Mixtral's layers.
struct MistralWindow {
    /// nil: there is none.
    let length: Int?

    private enum CodingKeys: String, CodingKey {
        case slidingWindow = "sliding_window"
        case layerTypes = "layer_types"
    }

    /// - Parameter window: That of files in which it is absent; null means none.
    init(from decoder: any Decoder, default window: Int?) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if try fields.contains(.layerTypes) && !fields.decodeNil(forKey: .layerTypes) {
            throw ModelConfigurationError.unsupported(
                field: "layer_types", value: "present", supported: "absent in models of this type")
        }
        length =
            fields.contains(.slidingWindow)
            ? try fields.decodeIfPresent(Int.self, forKey: .slidingWindow) : window
    }
}
