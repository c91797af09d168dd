import Attention
import AttentionTensors

/// The fields of Qwen's models: Llama's, and which layers have a window.
private struct QwenFields: Decodable {
    let llama: LlamaFields
    private let useSlidingWindow: Bool?
    private let slidingWindow: Int?
    private let maxWindowLayers: Int?
    private let layerTypes: [String]?

    private enum CodingKeys: String, CodingKey {
        case useSlidingWindow = "use_sliding_window"
        case slidingWindow = "sliding_window"
        case maxWindowLayers = "max_window_layers"
        case layerTypes = "layer_types"
    }

    init(from decoder: any Decoder) throws {
        llama = try LlamaFields(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        useSlidingWindow = try fields.decodeIfPresent(Bool.self, forKey: .useSlidingWindow)
        slidingWindow = try fields.decodeIfPresent(Int.self, forKey: .slidingWindow)
        maxWindowLayers = try fields.decodeIfPresent(Int.self, forKey: .maxWindowLayers)
        layerTypes = try fields.decodeIfPresent([String].self, forKey: .layerTypes)
    }

    /// - Parameter headWidth: As for `LlamaFields`.
    func configuration(headWidth: Int? = nil) throws -> DecoderTransformer.Configuration {
        var configuration = try llama.configuration(headWidth: headWidth, positions: 32_768)
        if useSlidingWindow == true, let window = slidingWindow {
            configuration.window = window
            configuration.windowedLayers =
                try layerTypes.map { try .init(layerTypes: $0, layers: configuration.layers) }
                ?? .from(maxWindowLayers ?? 28)
        } else if layerTypes?.contains("sliding_attention") == true {
            throw ModelConfigurationError.unsupported(
                field: "layer_types", value: "sliding_attention without a window",
                supported: "full_attention, or use_sliding_window and sliding_window")
        }
        return configuration
    }
}

/// Qwen2 (arXiv:2407.10671): Llama with biases of queries, keys and values.
struct Qwen2Configuration: DecoderArchitecture {
    static let modelTypes = ["qwen2"]
    static let ggufNames = ["qwen2"]

    private let fields: QwenFields

    init(from decoder: any Decoder) throws { fields = try QwenFields(from: decoder) }

    func decoder() throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration()
        configuration.biases = .queryKeyValue
        return configuration
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: .halves, norm: fields.rmsNorm(), activation: .silu)
        configuration.biases = .queryKeyValue
        return configuration
    }
}

/// Qwen3 (arXiv:2505.09388): Llama with a norm of each head's queries and keys.
struct Qwen3Configuration: DecoderArchitecture {
    static let modelTypes = ["qwen3"]
    static let ggufNames = ["qwen3"]

    private let fields: QwenFields

    init(from decoder: any Decoder) throws { fields = try QwenFields(from: decoder) }

    func decoder() throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(headWidth: 128)
        configuration.normalizesHeads = true
        return configuration
    }

    var tensorNames: DecoderTransformer.TensorNames {
        var names = DecoderTransformer.TensorNames.llama
        names.queryNorm = "self_attn.q_norm"
        names.keyNorm = "self_attn.k_norm"
        return names
    }

    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(
            pairing: .halves, norm: fields.rmsNorm(), activation: .silu)
        configuration.normalizesHeads = true
        return configuration
    }
}
