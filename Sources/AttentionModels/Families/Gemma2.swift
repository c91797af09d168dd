import AttentionTensors

/// Gemma 2 (arXiv:2408.00118): softcaps of scores and logits, a window in every other layer, norms before and
/// after each part, token vectors scaled by √M, a scale of scores of its own.
///
/// Its norms multiply by 1 + gain; in GGUF files the 1 is in the gain already.
struct Gemma2: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["gemma2"]
    static let ggufNames = ["gemma2"]

    private let fields: GemmaFields

    init(from decoder: any Decoder) throws { fields = try GemmaFields(from: decoder) }

    func configuration() throws -> TransformerConfiguration {
        let headWidth = try fields.llama.headWidth(default: 256)
        var model = try fields.configuration(
            headWidth: headWidth, positions: 8192,
            rotary: fields.llama.rotary.embedding(headWidth: headWidth))
        let isWindowed = try fields.windowedLayers(model.blocks.count) { $0 % 2 == 0 }
        model.updateBlocks { layer, block in
            if isWindowed[layer] { block.attention.span = .causal(window: fields.own.slidingWindow) }
        }
        return model
    }

    var names: CheckpointNames { .gemma }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        var model = try GemmaFields.configuration(gguf: fields, layersOfLargest: 46)
        model.head.softcap = Float(try fields.double("final_logit_softcapping") ?? 30)
        let softcap = Float(try fields.double("attn_logit_softcapping") ?? 50)
        let window = try fields.integer("attention.sliding_window") ?? 4096
        let isWindowed = try fields.windowedLayers(model.blocks.count, pattern: 2)
        model.updateBlocks { layer, block in
            block.attention.softcap = softcap
            if isWindowed[layer] { block.attention.span = .causal(window: window) }
        }
        return model
    }
}
