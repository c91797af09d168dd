import AttentionTensors

/// A normalisation over the last axis, of either kind.
enum Norm: Sendable {
    case layer(LayerNorm)
    case rms(RMSNorm)

    /// Which one, as data.
    enum Kind: Hashable, Sendable {
        case layer(epsilon: Float)
        /// With the factor 1 + gain instead of the gain, as Gemma stores it, if `gainIsOffset`.
        case rms(epsilon: Float, gainIsOffset: Bool = false)

        var epsilon: Float {
            switch self {
            case .layer(let epsilon), .rms(let epsilon, _): epsilon
            }
        }
    }

    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    init(_ kind: Kind, width: Int, from source: some WeightSource) throws {
        switch kind {
        case .layer(let epsilon): self = .layer(try LayerNorm(width: width, epsilon: epsilon, from: source))
        case .rms(let epsilon, let gainIsOffset):
            self = .rms(
                try RMSNorm(width: width, epsilon: epsilon, gainIsOffset: gainIsOffset, from: source))
        }
    }

    func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        switch self {
        case .layer(let norm): try norm(x)
        case .rms(let norm): try norm(x)
        }
    }
}

extension Norm: Parameterized {
    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        switch self {
        case .layer(var norm):
            defer { self = .layer(norm) }
            try norm.forEachParameter(body)
        case .rms(var norm):
            defer { self = .rms(norm) }
            try norm.forEachParameter(body)
        }
    }
}
