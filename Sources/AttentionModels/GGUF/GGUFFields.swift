import Attention
import AttentionFiles
import AttentionJSON
import AttentionTensors

/// The metadata that models have in common in GGUF files, as llama.cpp reads it.
public struct GGUFFields {
    /// All of the file's metadata.
    public let metadata: any ModelMetadata
    /// `general.architecture`, before the keys of the model's own.
    public let architecture: String

    /// The whole name of a key.
    public func key(_ key: String) -> String { "\(architecture).\(key)" }

    /// The whole number of a key of the architecture; nil: absent.
    ///
    /// - Throws: What the metadata throw.
    public func integer(_ key: String) throws -> Int? { try metadata.integer(self.key(key)) }
    /// The number of a key of the architecture; nil: absent.
    ///
    /// - Throws: What the metadata throw.
    public func double(_ key: String) throws -> Double? { try metadata.double(self.key(key)) }

    /// An error that names a key of the architecture.
    public func unsupported(_ key: String, _ value: String, _ supported: String) -> ModelConfigurationError {
        .unsupported(field: self.key(key), value: value, supported: supported)
    }

    /// A positive number that must be there.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func required(_ key: String) throws -> Int { try positive(integer(key), key) }

    /// A positive number, written once or for each layer, which must be the same for all.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func uniform(_ key: String) throws -> Int { try positive(optionalUniform(key), key) }

    /// The same, which may be absent.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func optionalUniform(_ key: String) throws -> Int? {
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
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func vocabulary() throws -> Int {
        if let size = try integer("vocab_size") ?? metadata.count(GGUFKey.Tokenizer.tokens.name) {
            return try positive(size, "vocab_size")
        }
        return try required("vocab_size")
    }

    /// Whether a key of the architecture is true; false where it is absent.
    ///
    /// - Throws: What the metadata throw.
    public func isTrue(_ key: String) throws -> Bool { try metadata.bool("\(architecture).\(key)") ?? false }

    /// A decoder whose layers are alike, with what the common keys say.
    ///
    /// - Parameters:
    ///   - norm: The kind of norms.
    ///   - activation: That of the feed-forward network.
    ///   - isGated: Whether it is gated.
    ///   - isRotary: Whether positions are rotary; otherwise there is a table of them.
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func decoder(
        norm: NormConfiguration, activation: Activation, isGated: Bool = true, isRotary: Bool = true
    ) throws -> TransformerConfiguration {
        let (width, heads) = (try required("embedding_length"), try uniform("attention.head_count"))
        let headWidth = try positive(integer("attention.key_length") ?? width / heads, "attention.key_length")
        if let values = try integer("attention.value_length"), values != headWidth {
            throw unsupported("attention.value_length", "\(values)", "the keys' \(headWidth)")
        }
        let attention = AttentionConfiguration(
            heads: heads, keyValueHeads: try optionalUniform("attention.head_count_kv") ?? heads,
            headWidth: headWidth, rotary: isRotary ? try rotary(headWidth: headWidth) : nil, span: .causal())
        var feedForward = FeedForwardConfiguration(
            width: try uniform("feed_forward_length"), activation: activation, isGated: isGated)
        if let experts = try integer("expert_count"), experts > 0 {
            feedForward.experts = ExpertsConfiguration(
                count: experts, perToken: try required("expert_used_count"))
        }
        let longest = try required("context_length")
        var input = InputConfiguration()
        if !isRotary { input.positions = InputConfiguration.PositionTable(count: longest) }
        var model = TransformerConfiguration(
            width: width, vocabulary: try vocabulary(), longestSequence: longest, input: input,
            blocks: try TransformerConfiguration.blocks(
                BlockConfiguration(attention: attention, feedForward: feedForward, norm: norm),
                count: required("block_count")),
            outputNorm: norm)
        model.storedLongRope = try storedLongRope()
        return model
    }

    /// Whether each layer has a window, by `attention.sliding_window_pattern`: an entry for each layer, or
    /// the length p of a pattern in which one layer sees everything.
    ///
    /// - Parameters:
    ///   - layers: L
    ///   - pattern: p where the key is absent.
    ///   - beginsFull: Whether the first layer of a pattern sees everything, rather than the last.
    /// - Throws: ``ModelConfigurationError`` for entries that do not fit; what the metadata throw.
    public func windowedLayers(_ layers: Int, pattern: Int, beginsFull: Bool = false) throws -> [Bool] {
        let key = "attention.sliding_window_pattern"
        if let entries = try? metadata.integers(self.key(key)) {
            guard entries.count == layers else {
                throw unsupported(key, "\(entries.count) entries", "one for each of \(layers) layers")
            }
            return entries.map { $0 != 0 }
        }
        let pattern = try integer(key) ?? pattern
        guard pattern >= 0 else { throw unsupported(key, "\(pattern)", "0 or more") }
        return (0..<layers).map { pattern == 0 || $0 % pattern != (beginsFull ? 0 : pattern - 1) }
    }

    /// The window of the layers that have one; nil: there is none.
    ///
    /// - Throws: What the metadata throw.
    public func window() throws -> Int? {
        try integer("attention.sliding_window").flatMap { $0 == 0 ? nil : $0 }
    }

    /// Refuses experts, for a family that has none.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    public func refuseExperts() throws {
        if let experts = try integer("expert_count"), experts > 0 {
            throw unsupported("expert_count", "\(experts)", "0")
        }
    }

    /// The norm by root mean square with the file's epsilon.
    ///
    /// - Throws: What the metadata throw.
    public func rmsNorm() throws -> NormConfiguration {
        .rms(epsilon: Float(try double("attention.layer_norm_rms_epsilon") ?? 1e-5))
    }

    /// Rotary positions with the file's base and scaling.
    ///
    /// - Parameter headWidth: D
    /// - Throws: ``ModelConfigurationError``, `TensorError`; what the metadata throw.
    public func rotary(headWidth: Int) throws -> RotaryEmbedding {
        try RotaryEmbedding(
            width: integer("rope.dimension_count") ?? headWidth, base: double("rope.freq_base") ?? 10_000,
            scaling: scaling())
    }

    /// The numbers that belong to tensors of divisors, where there are any.
    private func storedLongRope() throws -> TransformerConfiguration.StoredLongRope {
        .init(
            originalPositions: try integer("rope.scaling.original_context_length")
                ?? required("context_length"),
            magnitude: try double("rope.scaling.attn_factor") ?? 1,
            isRequired: try scalingType() == "longrope")
    }

    private func scalingType() throws -> ExactString? {
        try metadata.string(key("rope.scaling.type")).map { ExactString($0) }
    }

    private func scaling() throws -> RotaryEmbedding.Scaling {
        let factor = try double("rope.scaling.factor") ?? double("rope.scale_linear") ?? 1
        let type = try scalingType() ?? (factor == 1 ? "none" : "linear")
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
