import Attention
import AttentionTensors

/// The windows of Qwen's layers.
private struct QwenWindows: Decodable {
    let use_sliding_window: Bool?
    let sliding_window: Int?
    let max_window_layers: Int?
    let layer_types: [String]?

    func apply(to configuration: inout DecoderTransformer.Configuration) throws {
        guard use_sliding_window == true, let window = sliding_window else {
            if layer_types?.contains("sliding_attention") == true {
                throw ModelConfigurationError.unsupported(
                    field: "layer_types", value: "sliding_attention without a window",
                    supported: "full_attention, or use_sliding_window and sliding_window")
            }
            return
        }
        configuration.window = window
        configuration.windowedLayers =
            try layer_types.map { try .init(layerTypes: $0, layers: configuration.layers) }
            ?? .from(max_window_layers ?? 28)
    }
}

/// Qwen2 (arXiv:2407.10671): Llama with biases of queries, keys and values.
struct Qwen2Configuration: DecoderArchitecture {
    static let modelTypes = ["qwen2"]
    static let ggufNames = ["qwen2"]

    let fields: LlamaFields
    private let windows: QwenWindows

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        windows = try QwenWindows(from: decoder)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(positions: 32_768)
        configuration.biases = .queryKeyValue
        try windows.apply(to: &configuration)
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

    let fields: LlamaFields
    private let windows: QwenWindows

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        windows = try QwenWindows(from: decoder)
    }

    func decoder() throws -> DecoderTransformer.Configuration {
        var configuration = try fields.configuration(headWidth: 128, positions: 32_768)
        configuration.normalizesHeads = true
        try windows.apply(to: &configuration)
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
