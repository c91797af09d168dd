import Attention
import AttentionTensors

/// The fields of Qwen's models: Llama's, and which layers have a window.
private struct QwenFields: Decodable {
    let llama: LlamaFields
    private let use_sliding_window: Bool?
    private let sliding_window: Int?
    private let max_window_layers: Int?
    private let layer_types: [String]?

    private enum CodingKeys: String, CodingKey {
        case use_sliding_window, sliding_window, max_window_layers, layer_types
    }

    init(from decoder: any Decoder) throws {
        llama = try LlamaFields(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        use_sliding_window = try fields.decodeIfPresent(Bool.self, forKey: .use_sliding_window)
        sliding_window = try fields.decodeIfPresent(Int.self, forKey: .sliding_window)
        max_window_layers = try fields.decodeIfPresent(Int.self, forKey: .max_window_layers)
        layer_types = try fields.decodeIfPresent([String].self, forKey: .layer_types)
    }

    /// - Parameter headWidth: As for `LlamaFields`.
    func configuration(headWidth: Int? = nil) throws -> DecoderTransformer.Configuration {
        var configuration = try llama.configuration(headWidth: headWidth, positions: 32_768)
        if use_sliding_window == true, let window = sliding_window {
            configuration.window = window
            configuration.windowedLayers =
                try layer_types.map { try .init(layerTypes: $0, layers: configuration.layers) }
                ?? .from(max_window_layers ?? 28)
        } else if layer_types?.contains("sliding_attention") == true {
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
