import Attention
import AttentionTensors

/// Rotary positions as a `config.json` describes them: `rope_theta` with `rope_scaling`, or, in newer files,
/// `rope_parameters` with everything.
struct RotaryFields: Decodable {
    let rope_theta: Double?
    let partial_rotary_factor: Double?
    let rope_scaling: Scaling?
    let rope_parameters: Scaling?
    let max_position_embeddings: Int?
    let original_max_position_embeddings: Int?

    struct Scaling: Decodable {
        let rope_type: String?
        /// The older name of `rope_type`.
        let type: String?
        let rope_theta: Double?
        let partial_rotary_factor: Double?
        let factor: Double?
        let low_freq_factor: Double?
        let high_freq_factor: Double?
        let original_max_position_embeddings: Int?
        let attention_factor: Double?
        let beta_fast: Double?
        let beta_slow: Double?
        let mscale: Double?
        let mscale_all_dim: Double?
        let truncate: Bool?
        let short_factor: [Float]?
        let long_factor: [Float]?
        /// Kinds of layers with positions of their own.
        let full_attention: Layered?
        let sliding_attention: Layered?

        struct Layered: Decodable {}
    }

    /// - Parameter theta: The base where the file has none.
    func embedding(
        headWidth: Int, pairing: RotaryEmbedding.Pairing = .halves, theta: Double = 10_000
    ) throws -> RotaryEmbedding {
        let parameters = rope_parameters ?? rope_scaling
        guard parameters?.full_attention == nil, parameters?.sliding_attention == nil else {
            throw ModelConfigurationError.unsupported(
                field: "rope_parameters", value: "one for each kind of layers",
                supported: "one for all layers")
        }
        let part = parameters?.partial_rotary_factor ?? partial_rotary_factor ?? 1
        guard part > 0, part <= 1 else {
            throw ModelConfigurationError.unsupported(
                field: "partial_rotary_factor", value: "\(part)", supported: "above 0 and at most 1")
        }
        return try RotaryEmbedding(
            width: Int(Double(headWidth) * part), base: parameters?.rope_theta ?? rope_theta ?? theta,
            pairing: pairing, scaling: try parameters.map(scaling) ?? .none)
    }

    private func scaling(_ fields: Scaling) throws(ModelConfigurationError) -> RotaryEmbedding.Scaling {
        let field = rope_parameters == nil ? "rope_scaling" : "rope_parameters"
        func required<Value>(_ value: Value?, _ name: String) throws(ModelConfigurationError) -> Value {
            guard let value else {
                throw .unsupported(field: "\(field).\(name)", value: "absent", supported: "a number")
            }
            return value
        }
        let type = fields.rope_type ?? fields.type ?? "default"
        let originalPositions = original_max_position_embeddings ?? fields.original_max_position_embeddings
        switch type {
        case "default": return .none
        case "linear": return .linear(factor: try required(fields.factor, "factor"))
        case "llama3":
            return .llama3(
                factor: try required(fields.factor, "factor"),
                lowFrequencyFactor: try required(fields.low_freq_factor, "low_freq_factor"),
                highFrequencyFactor: try required(fields.high_freq_factor, "high_freq_factor"),
                originalPositions: try required(
                    originalPositions ?? max_position_embeddings, "original_max_position_embeddings"))
        case "dynamic":
            return .dynamic(
                factor: try required(fields.factor, "factor"),
                originalPositions: try required(max_position_embeddings, "max_position_embeddings"))
        case _ where ["longrope", "su"].contains(type) || (type == "yarn" && fields.long_factor != nil):
            // "su" and "yarn" are what the first files of Phi-3 call it.
            let original = try required(originalPositions, "original_max_position_embeddings")
            return .longRope(
                short: try required(fields.short_factor, "short_factor"),
                long: try required(fields.long_factor, "long_factor"), originalPositions: original,
                magnitude: fields.attention_factor ?? longRopeMagnitude(fields, original))
        case "yarn":
            let original = try required(
                originalPositions ?? max_position_embeddings, "original_max_position_embeddings")
            let factor = try required(
                fields.factor ?? max_position_embeddings.map { Double($0) / Double(max(original, 1)) },
                "factor")
            return .yarn(
                factor: factor, originalPositions: original, fastTurns: fields.beta_fast ?? 32,
                slowTurns: fields.beta_slow ?? 1,
                magnitude: fields.attention_factor ?? yarnMagnitude(fields, factor),
                roundsRamp: fields.truncate ?? true)
        default:
            throw .unsupported(
                field: "\(field).rope_type", value: "'\(type)'",
                supported: "default, linear, dynamic, llama3, yarn, longrope")
        }
    }

    /// √(1 + ln s / ln N) for texts that become s times longer than the original N positions.
    private func longRopeMagnitude(_ fields: Scaling, _ original: Int) -> Double {
        let factor = fields.factor ?? max_position_embeddings.map { Double($0) / Double(original) } ?? 1
        return factor > 1 ? (1 + Double.log(factor) / Double.log(Double(original))).squareRoot() : 1
    }

    /// The quotient of two magnitudes, where a file has factors for both (DeepSeek's `mscale`).
    private func yarnMagnitude(_ fields: Scaling, _ factor: Double) -> Double? {
        guard let own = fields.mscale, let all = fields.mscale_all_dim, own != 0, all != 0, factor > 1 else {
            return nil
        }
        return (0.1 * own * Double.log(factor) + 1) / (0.1 * all * Double.log(factor) + 1)
    }
}
