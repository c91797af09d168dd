import AttentionTensors

/// A normalisation over the last axis, of either kind.
enum Norm: Sendable {
    case layer(LayerNorm)
    case rms(RMSNorm)

    /// - Parameters:
    ///   - configuration: The kind.
    ///   - width: The last axis's extent.
    ///   - gainIsOffset: Whether `source` stores gain − 1 of norms by root mean square.
    ///   - source: The tensors `weight` and `bias`.
    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    init(
        _ configuration: NormConfiguration, width: Int, gainIsOffset: Bool, from source: some WeightSource
    ) throws {
        switch configuration {
        case .layer(let epsilon, hasBias: true):
            self = .layer(try LayerNorm(width: width, epsilon: epsilon, from: source))
        case .layer(let epsilon, hasBias: false):
            self = .layer(
                try LayerNorm(
                    width: width, gain: source.tensor("weight", shape: [width]), bias: nil, epsilon: epsilon))
        case .rms(let epsilon):
            self = .rms(
                try RMSNorm(width: width, epsilon: epsilon, gainIsOffset: gainIsOffset, from: source))
        }
    }

    /// The norm of `x`, or of `x + residual` in one pass.
    func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws(TensorError) -> Tensor {
        switch self {
        case .layer(let norm): try norm(x, adding: residual)
        case .rms(let norm): try norm(x, adding: residual)
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
