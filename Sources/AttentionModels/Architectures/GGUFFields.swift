import Attention
import AttentionTensors

/// The metadata that decoders have in common in GGUF files, as llama.cpp reads it.
struct GGUFFields {
    let metadata: any ModelMetadata
    /// `general.architecture`, before the keys of the model's own.
    let architecture: String

    func integer(_ key: String) throws -> Int? { try metadata.integer("\(architecture).\(key)") }
    func double(_ key: String) throws -> Double? { try metadata.double("\(architecture).\(key)") }

    func required(_ key: String) throws -> Int {
        guard let value = try integer(key) else {
            throw ModelConfigurationError.unsupported(
                field: "\(architecture).\(key)", value: "absent", supported: "a number")
        }
        return value
    }

    func isTrue(_ key: String) throws -> Bool { try metadata.bool("\(architecture).\(key)") ?? false }

    /// - Parameters:
    ///   - pairing: Which channels of a head turn together; nil: the model's positions are learned.
    ///   - norm: The kind of norms.
    func configuration(
        pairing: RotaryEmbedding.Pairing?, norm: Norm.Kind, activation: Activation
    ) throws -> DecoderTransformer.Configuration {
        let (width, heads) = (try required("embedding_length"), try required("attention.head_count"))
        try ConfigurationCheck.positive(width, "\(architecture).embedding_length")
        try ConfigurationCheck.positive(heads, "\(architecture).attention.head_count")
        let headWidth = try integer("attention.key_length") ?? width / heads
        try ConfigurationCheck.positive(headWidth, "\(architecture).attention.key_length")
        if let values = try integer("attention.value_length"), values != headWidth {
            throw ModelConfigurationError.unsupported(
                field: "\(architecture).attention.value_length", value: "\(values)",
                supported: "the keys' \(headWidth)")
        }
        if let experts = try integer("expert_count"), experts > 0 {
            throw ModelConfigurationError.unsupported(
                field: "\(architecture).expert_count", value: "\(experts)", supported: "0")
        }
        let vocabulary =
            try integer("vocab_size") ?? metadata.count("tokenizer.ggml.tokens") ?? required("vocab_size")
        return DecoderTransformer.Configuration(
            width: width, layers: try required("block_count"), heads: heads,
            keyValueHeads: try integer("attention.head_count_kv") ?? heads, headWidth: headWidth,
            feedForwardWidth: try required("feed_forward_length"), vocabulary: vocabulary,
            longestSequence: try required("context_length"),
            positions: try pairing.map { .rotary(try rotary(headWidth: headWidth, pairing: $0)) } ?? .learned,
            storedLongRope: try storedLongRope(), norm: norm, activation: activation)
    }

    /// The norm of root mean squares with the file's epsilon.
    func rmsNorm() throws -> Norm.Kind {
        .rms(epsilon: Float(try double("attention.layer_norm_rms_epsilon") ?? 1e-5))
    }

    private func rotary(headWidth: Int, pairing: RotaryEmbedding.Pairing) throws -> RotaryEmbedding {
        try RotaryEmbedding(
            width: integer("rope.dimension_count") ?? headWidth, base: double("rope.freq_base") ?? 10_000,
            pairing: pairing, scaling: scaling())
    }

    /// What goes with tensors of divisors, if there are any.
    private func storedLongRope() throws -> DecoderTransformer.Configuration.StoredLongRope {
        .init(
            originalPositions: try integer("rope.scaling.original_context_length")
                ?? required("context_length"),
            magnitude: try double("rope.scaling.attn_factor") ?? 1,
            isRequired: try metadata.string("\(architecture).rope.scaling.type") == "longrope")
    }

    private func scaling() throws -> RotaryEmbedding.Scaling {
        let factor = try double("rope.scaling.factor") ?? double("rope.scale_linear") ?? 1
        let type =
            try metadata.string("\(architecture).rope.scaling.type") ?? (factor == 1 ? "none" : "linear")
        switch type {
        // The divisors are tensors.
        case "none", "longrope": return .none
        case "linear": return factor == 1 ? .none : .linear(factor: factor)
        case "yarn":
            // The factor of the magnitude is on top of YaRN's own.
            let grown = 0.1 * Double.log(max(factor, 1)) + 1
            return .yarn(
                factor: factor,
                originalPositions: try integer("rope.scaling.original_context_length")
                    ?? required("context_length"),
                fastTurns: try double("rope.scaling.yarn_beta_fast") ?? 32,
                slowTurns: try double("rope.scaling.yarn_beta_slow") ?? 1,
                magnitude: grown * (try double("rope.scaling.attn_factor") ?? 1))
        default:
            throw ModelConfigurationError.unsupported(
                field: "\(architecture).rope.scaling.type", value: "'\(type)'",
                supported: "none, linear, yarn, longrope")
        }
    }
}
