import Attention
import AttentionTensors

/// The fields of Qwen's models: Llama's, and which layers have a window.
private struct QwenFields: Decodable, Sendable {
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
    func configuration(headWidth: Int? = nil) throws -> TransformerConfiguration {
        var model = try llama.configuration(headWidth: headWidth, positions: 32_768)
        let isSliding = try layerTypes.map { try LayerTypes.areSliding($0, layers: model.blocks.count) }
        if useSlidingWindow == true, let window = slidingWindow {
            let first = maxWindowLayers ?? 28
            model.setWindow(window) { isSliding?[$0] ?? ($0 >= first) }
        } else if isSliding?.contains(true) == true {
            throw ModelConfigurationError.unsupported(
                field: "layer_types", value: "\(LayerTypes.sliding) without a window",
                supported: "\(LayerTypes.full), or use_sliding_window and sliding_window")
        }
        return model
    }
}

/// Qwen2 (arXiv:2407.10671): Llama with biases of queries, keys and values.
struct Qwen2: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["qwen2"]
    static let ggufNames = ["qwen2"]

    private let fields: QwenFields

    init(from decoder: any Decoder) throws { fields = try QwenFields(from: decoder) }

    func configuration() throws -> TransformerConfiguration {
        var model = try fields.configuration()
        model.updateBlocks { _, block in block.attention.hasQueryKeyValueBiases = true }
        return model
    }

    var names: CheckpointNames { .llama }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .silu)
        model.updateBlocks { _, block in block.attention.hasQueryKeyValueBiases = true }
        return model
    }
}

/// Qwen3 (arXiv:2505.09388): Llama with a norm of each head's queries and keys.
struct Qwen3: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["qwen3"]
    static let ggufNames = ["qwen3"]

    private let fields: QwenFields

    init(from decoder: any Decoder) throws { fields = try QwenFields(from: decoder) }

    func configuration() throws -> TransformerConfiguration {
        var model = try fields.configuration(headWidth: 128)
        model.updateBlocks { _, block in block.attention.normalizesHeads = true }
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.block[.queryNorm] = "self_attn.q_norm"
        names.block[.keyNorm] = "self_attn.k_norm"
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .silu)
        model.updateBlocks { _, block in block.attention.normalizesHeads = true }
        return model
    }
}
