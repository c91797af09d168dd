import Attention
import AttentionJSON
import AttentionTensors

/// Rotary positions as a `config.json` describes them: `rope_theta` with `rope_scaling`, or, in newer files,
/// `rope_parameters` with everything.
struct RotaryFields: Decodable, Sendable {
    let ropeTheta: Double?
    let partialRotaryFactor: Double?
    let ropeScaling: Scaling?
    let ropeParameters: Scaling?
    /// The parameters of each kind of layers, where they differ.
    let layered: Layered?
    let maxPositionEmbeddings: Int?
    let originalMaxPositionEmbeddings: Int?

    private enum CodingKeys: String, CodingKey {
        case ropeTheta = "rope_theta"
        case partialRotaryFactor = "partial_rotary_factor"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case maxPositionEmbeddings = "max_position_embeddings"
        case originalMaxPositionEmbeddings = "original_max_position_embeddings"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        ropeTheta = try fields.decodeIfPresent(Double.self, forKey: .ropeTheta)
        partialRotaryFactor = try fields.decodeIfPresent(Double.self, forKey: .partialRotaryFactor)
        ropeScaling = try fields.decodeIfPresent(Scaling.self, forKey: .ropeScaling)
        ropeParameters = try fields.decodeIfPresent(Scaling.self, forKey: .ropeParameters)
        let layered = try fields.decodeIfPresent(Layered.self, forKey: .ropeParameters)
        self.layered = layered?.fullAttention == nil && layered?.slidingAttention == nil ? nil : layered
        maxPositionEmbeddings = try fields.decodeIfPresent(Int.self, forKey: .maxPositionEmbeddings)
        originalMaxPositionEmbeddings =
            try fields.decodeIfPresent(Int.self, forKey: .originalMaxPositionEmbeddings)
    }

    /// A kind of layers with positions of its own.
    enum LayerKind {
        case full, sliding
    }

    struct Layered: Decodable, Sendable {
        let fullAttention: Scaling?
        let slidingAttention: Scaling?

        private enum CodingKeys: String, CodingKey {
            case fullAttention = "full_attention"
            case slidingAttention = "sliding_attention"
        }
    }

    struct Scaling: Decodable, Sendable {
        let ropeType: String?
        /// The older name of `rope_type`.
        let type: String?
        let ropeTheta: Double?
        let partialRotaryFactor: Double?
        let factor: Double?
        let lowFreqFactor: Double?
        let highFreqFactor: Double?
        let originalMaxPositionEmbeddings: Int?
        let attentionFactor: Double?
        let betaFast: Double?
        let betaSlow: Double?
        let mscale: Double?
        let mscaleAllDim: Double?
        let truncate: Bool?
        let shortFactor: [Float]?
        let longFactor: [Float]?

        private enum CodingKeys: String, CodingKey {
            case ropeType = "rope_type"
            case type
            case ropeTheta = "rope_theta"
            case partialRotaryFactor = "partial_rotary_factor"
            case factor
            case lowFreqFactor = "low_freq_factor"
            case highFreqFactor = "high_freq_factor"
            case originalMaxPositionEmbeddings = "original_max_position_embeddings"
            case attentionFactor = "attention_factor"
            case betaFast = "beta_fast"
            case betaSlow = "beta_slow"
            case mscale
            case mscaleAllDim = "mscale_all_dim"
            case truncate
            case shortFactor = "short_factor"
            case longFactor = "long_factor"
        }
    }

    /// The positions of all layers.
    ///
    /// - Parameters:
    ///   - headWidth: D
    ///   - theta: The base where the file has none.
    func embedding(headWidth: Int, theta: Double = 10_000) throws -> RotaryEmbedding {
        guard layered == nil else {
            throw ModelConfigurationError.unsupported(
                field: "rope_parameters", value: "one for each kind of layers",
                supported: "one for all layers")
        }
        return try embedding(headWidth, ropeParameters ?? ropeScaling, theta: ropeTheta ?? theta)
    }

    /// The positions of one kind of layers, where the file has parameters for each kind; nil: it does not.
    func embedding(
        headWidth: Int, of kind: LayerKind, theta: Double
    ) throws -> RotaryEmbedding? {
        guard let layered else { return nil }
        let parameters = kind == .full ? layered.fullAttention : layered.slidingAttention
        return try embedding(headWidth, parameters, theta: theta)
    }

    private func embedding(
        _ headWidth: Int, _ parameters: Scaling?, theta: Double
    ) throws -> RotaryEmbedding {
        let part = parameters?.partialRotaryFactor ?? partialRotaryFactor ?? 1
        guard part > 0, part <= 1 else {
            throw ModelConfigurationError.unsupported(
                field: "partial_rotary_factor", value: "\(part)", supported: "above 0 and at most 1")
        }
        return try RotaryEmbedding(
            width: Int(Double(headWidth) * part), base: parameters?.ropeTheta ?? theta,
            scaling: try parameters.map(scaling) ?? .none)
    }

    private func scaling(_ fields: Scaling) throws(ModelConfigurationError) -> RotaryEmbedding.Scaling {
        let field = ropeParameters == nil ? "rope_scaling" : "rope_parameters"
        func required<Value>(_ value: Value?, _ name: String) throws(ModelConfigurationError) -> Value {
            guard let value else {
                throw .unsupported(field: "\(field).\(name)", value: "absent", supported: "a number")
            }
            return value
        }
        let type = ExactString(fields.ropeType ?? fields.type ?? "default")
        let originalPositions = originalMaxPositionEmbeddings ?? fields.originalMaxPositionEmbeddings
        switch type {
        case "default": return .none
        case "linear": return .linear(factor: try required(fields.factor, "factor"))
        case "llama3":
            return .llama3(
                factor: try required(fields.factor, "factor"),
                lowFrequencyFactor: try required(fields.lowFreqFactor, "low_freq_factor"),
                highFrequencyFactor: try required(fields.highFreqFactor, "high_freq_factor"),
                originalPositions: try required(
                    originalPositions ?? maxPositionEmbeddings, "original_max_position_embeddings"))
        case "dynamic":
            return .dynamic(
                factor: try required(fields.factor, "factor"),
                originalPositions: try required(maxPositionEmbeddings, "max_position_embeddings"))
        case _ where ["longrope", "su"].contains(type) || (type == "yarn" && fields.longFactor != nil):
            // "su" and "yarn" are what the first files of Phi-3 call it.
            let original = try required(originalPositions, "original_max_position_embeddings")
            return .longRope(
                short: try required(fields.shortFactor, "short_factor"),
                long: try required(fields.longFactor, "long_factor"), originalPositions: original,
                magnitude: fields.attentionFactor ?? longRopeMagnitude(fields, original))
        case "yarn":
            let original = try required(
                originalPositions ?? maxPositionEmbeddings, "original_max_position_embeddings")
            let factor = try required(
                fields.factor ?? maxPositionEmbeddings.map { Double($0) / Double(max(original, 1)) },
                "factor")
            return .yarn(
                factor: factor, originalPositions: original, fastTurns: fields.betaFast ?? 32,
                slowTurns: fields.betaSlow ?? 1,
                magnitude: fields.attentionFactor ?? yarnMagnitude(fields, factor),
                roundsRamp: fields.truncate ?? true)
        default:
            throw .unsupported(
                field: "\(field).rope_type", value: "'\(type)'",
                supported: "default, linear, dynamic, llama3, yarn, longrope")
        }
    }

    /// √(1 + ln s / ln N) for texts that become s times longer than the original N positions.
    private func longRopeMagnitude(_ fields: Scaling, _ original: Int) -> Double {
        let factor = fields.factor ?? maxPositionEmbeddings.map { Double($0) / Double(original) } ?? 1
        return factor > 1 ? (1 + Double.log(factor) / Double.log(Double(original))).squareRoot() : 1
    }

    /// The quotient of two magnitudes, where a file has factors for both (DeepSeek's `mscale`).
    private func yarnMagnitude(_ fields: Scaling, _ factor: Double) -> Double? {
        guard let own = fields.mscale, let all = fields.mscaleAllDim, own != 0, all != 0, factor > 1 else {
            return nil
        }
        return (0.1 * own * Double.log(factor) + 1) / (0.1 * all * Double.log(factor) + 1)
    }
}
