import Attention
import AttentionTensors

/// The metadata that models have in common in GGUF files, as llama.cpp reads it.
struct GGUFFields {
    let metadata: any ModelMetadata
    /// `general.architecture`, before the keys of the model's own.
    let architecture: String

    /// The whole name of a key.
    func key(_ key: String) -> String { "\(architecture).\(key)" }

    func integer(_ key: String) throws -> Int? { try metadata.integer(self.key(key)) }
    func double(_ key: String) throws -> Double? { try metadata.double(self.key(key)) }

    func unsupported(_ key: String, _ value: String, _ supported: String) -> ModelConfigurationError {
        .unsupported(field: self.key(key), value: value, supported: supported)
    }

    /// A positive number that must be there.
    func required(_ key: String) throws -> Int { try positive(integer(key), key) }

    /// A positive number, written once or for each layer, which must be the same for all.
    func uniform(_ key: String) throws -> Int { try positive(optionalUniform(key), key) }

    /// The same, which may be absent.
    func optionalUniform(_ key: String) throws -> Int? {
        // An array of another kind is told as the wrong type of the number that it is mostly.
        guard let numbers = try? metadata.integers(self.key(key)) else { return try integer(key) }
        guard let first = numbers.first else { throw unsupported(key, "an empty array", "a number") }
        if let other = numbers.first(where: { $0 != first }) {
            throw unsupported(
                key, "\(first) in one layer and \(other) in another", "one number for all layers")
        }
        return first
    }

    private func positive(_ value: Int?, _ key: String) throws -> Int {
        guard let value else { throw unsupported(key, "absent", "a number") }
        try ConfigurationCheck.positive(value, self.key(key))
        return value
    }

    /// V
    func vocabulary() throws -> Int {
        if let size = try integer("vocab_size") ?? metadata.count("tokenizer.ggml.tokens") {
            return try positive(size, "vocab_size")
        }
        return try required("vocab_size")
    }

    func isTrue(_ key: String) throws -> Bool { try metadata.bool("\(architecture).\(key)") ?? false }

    /// - Parameters:
    ///   - pairing: Which channels of a head turn together; nil: the model's positions are learned.
    ///   - norm: The kind of norms.
    func configuration(
        pairing: RotaryEmbedding.Pairing?, norm: Norm.Kind, activation: Activation
    ) throws -> DecoderTransformer.Configuration {
        let (width, heads) = (try required("embedding_length"), try uniform("attention.head_count"))
        let headWidth = try positive(integer("attention.key_length") ?? width / heads, "attention.key_length")
        if let values = try integer("attention.value_length"), values != headWidth {
            throw unsupported("attention.value_length", "\(values)", "the keys' \(headWidth)")
        }
        if let experts = try integer("expert_count"), experts > 0 {
            throw unsupported("expert_count", "\(experts)", "0")
        }
        return DecoderTransformer.Configuration(
            width: width, layers: try required("block_count"), heads: heads,
            keyValueHeads: try optionalUniform("attention.head_count_kv") ?? heads, headWidth: headWidth,
            feedForwardWidth: try uniform("feed_forward_length"), vocabulary: try vocabulary(),
            longestSequence: try required("context_length"),
            positions: try pairing.map { .rotary(try rotary(headWidth: headWidth, pairing: $0)) } ?? .learned,
            storedLongRope: try storedLongRope(), norm: norm, activation: activation)
    }

    /// The norm of root mean squares with the file's epsilon.
    func rmsNorm() throws -> Norm.Kind {
        .rms(epsilon: Float(try double("attention.layer_norm_rms_epsilon") ?? 1e-5))
    }

    func rotary(headWidth: Int, pairing: RotaryEmbedding.Pairing) throws -> RotaryEmbedding {
        try RotaryEmbedding(
            width: integer("rope.dimension_count") ?? headWidth, base: double("rope.freq_base") ?? 10_000,
            pairing: pairing, scaling: scaling())
    }

    /// The numbers that belong to tensors of divisors, where there are any.
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
            throw unsupported("rope.scaling.type", "'\(type)'", "none, linear, yarn, longrope")
        }
    }
}
