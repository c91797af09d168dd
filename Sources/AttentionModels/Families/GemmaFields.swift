import Attention
import AttentionTensors

/// The fields that the configurations of Gemma's generations from the second on have in common: norms before
/// and after each part, token vectors scaled by √M, a scale of scores of their own, softcaps, and layers with
/// a window.
struct GemmaFields {
    let llama: LlamaFields
    let own: Own

    struct Own: Decodable {
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

    /// - Parameter defaults: The values of fields that a file may leave out.
    init(from decoder: any Decoder, defaults: LlamaFields.Defaults = .init()) throws {
        llama = try LlamaFields(from: decoder, defaults: defaults)
        own = try Own(from: decoder)
    }

    /// The model without what its generation adds: every layer sees everything.
    ///
    /// - Parameters:
    ///   - headWidth: D
    ///   - positions: The most positions, where the file does not say them.
    ///   - rotary: The rotary positions of all layers.
    func configuration(
        headWidth: Int, positions: Int, rotary: RotaryEmbedding
    ) throws -> TransformerConfiguration {
        if own.useBidirectionalAttention == true {
            throw ModelConfigurationError.unsupported(
                field: "use_bidirectional_attention", value: "true", supported: "false")
        }
        var model = try llama.configuration(headWidth: headWidth, positions: positions, rotary: rotary)
        model.input.scale = Float(model.width).squareRoot()
        model.head.softcap = own.finalLogitSoftcapping
        model.head.isTied = llama.tieWordEmbeddings ?? true
        let activation = try Activation(
            configured: own.hiddenActivation ?? "gelu_pytorch_tanh", field: "hidden_activation")
        model.updateBlocks { _, block in
            block.placement = .around
            block.feedForward.activation = activation
            block.attention.scale = 1 / (own.queryPreAttnScalar ?? 256).squareRoot()
            block.attention.softcap = own.attnLogitSoftcapping
        }
        return model
    }

    /// The layers that have a window.
    ///
    /// - Parameter usual: Whether a layer has one where the file does not list the layers.
    func windowedLayers(_ count: Int, usual: (_ layer: Int) -> Bool) throws -> [Bool] {
        try own.layerTypes.map { try LayerTypes.areSliding($0, layers: count) } ?? (0..<count).map(usual)
    }

    /// The same model from a GGUF file's metadata.
    ///
    /// - Parameter layersOfLargest: The number of layers of the generation's 27B. The file does not say it:
    ///   that model divides scores by √(M / Hq), and the others by √D.
    static func configuration(
        gguf fields: GGUFFields, layersOfLargest: Int
    ) throws -> TransformerConfiguration {
        try fields.refuseExperts()
        var model = try fields.decoder(norm: fields.rmsNorm(), activation: .geluTanh)
        let width = model.width
        model.input.scale = Float(width).squareRoot()
        let isLargest = model.blocks.count == layersOfLargest
        model.updateBlocks { _, block in
            let divisor = isLargest ? width / block.attention.heads : block.attention.headWidth
            block.placement = .around
            block.attention.scale = 1 / Float(divisor).squareRoot()
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
