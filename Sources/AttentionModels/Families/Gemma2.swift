import Attention
import AttentionTensors

/// Gemma 2 (arXiv:2408.00118): softcaps of scores and logits, a window in every other layer, norms before and
/// after each part, token vectors scaled by √M, a scale of scores of its own.
///
/// Its norms multiply by 1 + gain; in GGUF files the 1 is in the gain already.
struct Gemma2: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["gemma2"]
    static let ggufNames = ["gemma2"]

    let fields: LlamaFields
    private let own: Own

    private struct Own: Decodable {
        let hiddenActivation: String?
        let queryPreAttnScalar: Float?
        let slidingWindow: Int?
        let layerTypes: [String]?
        let attnLogitSoftcapping: Float?
        let finalLogitSoftcapping: Float?
        let useBidirectionalAttention: Bool?

        private enum CodingKeys: String, CodingKey {
            case hiddenActivation = "hidden_activation"
            case queryPreAttnScalar = "query_pre_attn_scalar"
            case slidingWindow = "sliding_window"
            case layerTypes = "layer_types"
            case attnLogitSoftcapping = "attn_logit_softcapping"
            case finalLogitSoftcapping = "final_logit_softcapping"
            case useBidirectionalAttention = "use_bidirectional_attention"
        }
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        own = try Own(from: decoder)
    }

    func configuration() throws -> TransformerConfiguration {
        if own.useBidirectionalAttention == true {
            throw ModelConfigurationError.unsupported(
                field: "use_bidirectional_attention", value: "true", supported: "false")
        }
        var model = try fields.configuration(headWidth: 256, positions: 8192)
        model.input.scale = Float(fields.hiddenSize).squareRoot()
        model.head.softcap = own.finalLogitSoftcapping
        model.head.isTied = fields.tieWordEmbeddings ?? true
        let activation = try Activation(
            configured: own.hiddenActivation ?? "gelu_pytorch_tanh", field: "hidden_activation")
        let isSliding =
            try own.layerTypes.map { try LayerTypes.areSliding($0, layers: model.blocks.count) }
            ?? model.blocks.indices.map { $0 % 2 == 0 }
        model.updateBlocks { layer, block in
            block.placement = .around
            block.feedForward.activation = activation
            block.attention.scale = 1 / (own.queryPreAttnScalar ?? 256).squareRoot()
            block.attention.softcap = own.attnLogitSoftcapping
            if isSliding[layer] { block.attention.span = .causal(window: own.slidingWindow) }
        }
        return model
    }

    var names: CheckpointNames { .gemma }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .geluTanh)
        model.input.scale = Float(model.width).squareRoot()
        model.head.softcap = Float(try fields.double("final_logit_softcapping") ?? 30)
        let softcap = Float(try fields.double("attn_logit_softcapping") ?? 50)
        let window = try fields.integer("attention.sliding_window") ?? 4096
        // The file does not say it: the model of 46 layers, 27B, divides by M / Hq, and the others by D.
        let isLargest = model.blocks.count == 46
        let width = model.width
        model.updateBlocks { layer, block in
            let divisor = isLargest ? width / block.attention.heads : block.attention.headWidth
            block.placement = .around
            block.attention.scale = 1 / Float(divisor).squareRoot()
            block.attention.softcap = softcap
            if layer % 2 == 0 { block.attention.span = .causal(window: window) }
        }
        return model
    }
}

extension CheckpointNames {
    /// The names of Gemma's checkpoints from the second generation on, whose gains lack their 1.
    static let gemma: CheckpointNames = {
        var names = llama
        names.block[.attentionOutputNorm] = "post_attention_layernorm"
        names.block[.feedForwardNorm] = "pre_feedforward_layernorm"
        names.block[.feedForwardOutputNorm] = "post_feedforward_layernorm"
        names.gainsAreOffsets = true
        return names
    }()
}
