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

    private let fields: GemmaFields

    private enum CodingKeys: String, CodingKey {
        case textConfig = "text_config"
    }

    init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let inner = outer.contains(.textConfig) ? try outer.superDecoder(forKey: .textConfig) : decoder
        // The files of models for images leave these out.
        fields = try GemmaFields(
            from: inner, defaults: LlamaFields.Defaults(heads: 8, keyValueHeads: 4, vocabulary: 262_208))
    }

    func configuration() throws -> TransformerConfiguration {
        let (own, rotary) = (fields.own, fields.llama.rotary)
        let headWidth = try fields.llama.headWidth(default: 256)
        let global =
            try rotary.embedding(headWidth: headWidth, of: .full, theta: 1_000_000)
            ?? rotary.embedding(headWidth: headWidth, theta: 1_000_000)
        let local =
            try rotary.embedding(headWidth: headWidth, of: .sliding, theta: 10_000)
            ?? RotaryEmbedding(width: global.width, base: own.ropeLocalBaseFreq ?? 10_000)
        var model = try fields.configuration(headWidth: headWidth, positions: 131_072, rotary: global)
        let pattern = own.slidingWindowPattern ?? Self.usualPattern
        try ConfigurationCheck.positive(pattern, "sliding_window_pattern")
        let isLocal = try fields.windowedLayers(model.blocks.count) { ($0 + 1) % pattern != 0 }
        model.updateBlocks { layer, block in
            block.attention.normalizesHeads = true
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
        var model = try GemmaFields.configuration(gguf: fields, layersOfLargest: 62)
        model.head.softcap = try fields.double("final_logit_softcapping").flatMap {
            $0 == 0 ? nil : Float($0)
        }
        let window = try fields.window()
        let isLocal = try fields.windowedLayers(model.blocks.count, pattern: usualPattern)
        let base = try fields.double("rope.freq_base_swa") ?? 10_000
        try model.updateBlocks { layer, block in
            block.attention.normalizesHeads = true
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
