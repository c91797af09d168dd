import Attention
import AttentionTensors

/// Gemma 3 (arXiv:2503.19786): five layers with a window and rotary positions of base 10,000 for each one
/// that sees everything, with a base of its own; norms of heads, norms before and after each part, and token
/// vectors scaled by √M.
///
/// Of a model for texts and images, `gemma3`, the part for texts is read.
struct Gemma3: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["gemma3_text", "gemma3"]
    static let ggufNames = ["gemma3"]

    /// Every sixth layer sees everything.
    private static let usualPattern = 6

    private let fields: LlamaFields
    private let own: Own

    private enum CodingKeys: String, CodingKey {
        case textConfig = "text_config"
    }

    private struct Own: Decodable {
        let hiddenActivation: String?
        let queryPreAttnScalar: Float?
        let slidingWindow: Int?
        let slidingWindowPattern: Int?
        let layerTypes: [String]?
        let ropeLocalBaseFreq: Double?
        let attnLogitSoftcapping: Float?
        let finalLogitSoftcapping: Float?
        let useBidirectionalAttention: Bool?

        private enum CodingKeys: String, CodingKey {
            case hiddenActivation = "hidden_activation"
            case queryPreAttnScalar = "query_pre_attn_scalar"
            case slidingWindow = "sliding_window"
            case slidingWindowPattern = "sliding_window_pattern"
            case layerTypes = "layer_types"
            case ropeLocalBaseFreq = "rope_local_base_freq"
            case attnLogitSoftcapping = "attn_logit_softcapping"
            case finalLogitSoftcapping = "final_logit_softcapping"
            case useBidirectionalAttention = "use_bidirectional_attention"
        }
    }

    init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let inner = outer.contains(.textConfig) ? try outer.superDecoder(forKey: .textConfig) : decoder
        // The files of models for images leave these out.
        fields = try LlamaFields(
            from: inner, defaults: LlamaFields.Defaults(heads: 8, keyValueHeads: 4, vocabulary: 262_208))
        own = try Own(from: inner)
    }

    func configuration() throws -> TransformerConfiguration {
        if own.useBidirectionalAttention == true {
            throw ModelConfigurationError.unsupported(
                field: "use_bidirectional_attention", value: "true", supported: "false")
        }
        let headWidth = try fields.headWidth(default: 256)
        let global =
            try fields.rotary.embedding(headWidth: headWidth, of: .full, theta: 1_000_000)
            ?? fields.rotary.embedding(headWidth: headWidth, theta: 1_000_000)
        let local =
            try fields.rotary.embedding(headWidth: headWidth, of: .sliding, theta: 10_000)
            ?? RotaryEmbedding(width: global.width, base: own.ropeLocalBaseFreq ?? 10_000)
        var model = try fields.configuration(headWidth: headWidth, positions: 131_072, rotary: global)
        model.input.scale = Float(model.width).squareRoot()
        model.head.softcap = own.finalLogitSoftcapping
        model.head.isTied = fields.tieWordEmbeddings ?? true
        let activation = try Activation(
            configured: own.hiddenActivation ?? "gelu_pytorch_tanh", field: "hidden_activation")
        let pattern = own.slidingWindowPattern ?? Self.usualPattern
        try ConfigurationCheck.positive(pattern, "sliding_window_pattern")
        let isLocal =
            try own.layerTypes.map { try LayerTypes.areSliding($0, layers: model.blocks.count) }
            ?? model.blocks.indices.map { ($0 + 1) % pattern != 0 }
        model.updateBlocks { layer, block in
            block.placement = .around
            block.feedForward.activation = activation
            block.attention.normalizesHeads = true
            block.attention.scale = 1 / (own.queryPreAttnScalar ?? 256).squareRoot()
            block.attention.softcap = own.attnLogitSoftcapping
            guard isLocal[layer] else { return }
            block.attention.rotary = local
            block.attention.span = .causal(window: own.slidingWindow ?? 4096)
        }
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames.gemma
        names.prefixes += ["language_model.model", "model.language_model"]
        names.block[.queryNorm] = "self_attn.q_norm"
        names.block[.keyNorm] = "self_attn.k_norm"
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .geluTanh)
        model.input.scale = Float(model.width).squareRoot()
        model.head.softcap = try fields.double("final_logit_softcapping").flatMap {
            $0 == 0 ? nil : Float($0)
        }
        // The file does not say it: the model of 62 layers, 27B, divides by M / Hq, and the others by D.
        let isLargest = model.blocks.count == 62
        let width = model.width
        let window = try fields.window()
        let isLocal = try fields.windowedLayers(model.blocks.count, pattern: usualPattern)
        let base = try fields.double("rope.freq_base_swa") ?? 10_000
        try model.updateBlocks { layer, block in
            let divisor = isLargest ? width / block.attention.heads : block.attention.headWidth
            block.placement = .around
            block.attention.normalizesHeads = true
            block.attention.scale = 1 / Float(divisor).squareRoot()
            guard let window, isLocal[layer], let global = block.attention.rotary else { return }
            block.attention.rotary = try RotaryEmbedding(width: global.width, base: base)
            block.attention.span = .causal(window: window)
        }
        return model
    }
    static func metadata(
        gguf name: String, of model: TransformerConfiguration
    ) throws -> [(key: String, value: GGUFForm.Value)] {
        var metadata = try GGUFForm.metadata(architecture: name, of: model, names: namesInGGUF)
        // Files say nothing of the usual pattern.
        let full = model.blocks.indices.filter { model.blocks[$0].attention.span.window == nil }
        let isUsual = model.blocks.indices.allSatisfy { full.contains($0) == (($0 + 1) % usualPattern == 0) }
        if let first = full.first, !isUsual, full.count < model.blocks.count {
            metadata.append((key: "\(name).attention.sliding_window_pattern", value: .integer(first + 1)))
        }
        return metadata
    }
}
