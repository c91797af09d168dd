/// Layer normalisation over the last axis, y = (x − mean(x)) / √(var(x) + ε) · gain + bias
/// (arXiv:1607.06450).
public struct LayerNorm: Sendable {
    private var norm: Normalisation

    /// The number of channels.
    public var width: Int { norm.width }
    /// What is added to the variance.
    public var epsilon: Float { norm.epsilon }

    /// - Parameters:
    ///   - width: The last axis's extent.
    ///   - gain: `[width]`, PyTorch's `weight`; nil: ones.
    ///   - bias: `[width]`; nil: zeros.
    ///   - epsilon: ε, which keeps the root away from 0.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public init(width: Int, gain: Tensor?, bias: Tensor?, epsilon: Float) throws(TensorError) {
        norm = try Normalisation(width: width, isCentred: true, epsilon: epsilon, gain: gain, bias: bias)
    }

    /// Reads `weight` and `bias` from `source`, which older checkpoints call `gamma` and `beta`.
    public init(width: Int, epsilon: Float, from source: some WeightSource) throws {
        let isOld = !source.contains("weight") && source.contains("gamma")
        try self.init(
            width: width, gain: source.tensor(isOld ? "gamma" : "weight", shape: [width]),
            bias: source.tensor(isOld ? "beta" : "bias", shape: [width]), epsilon: epsilon)
    }

    /// The norm of `x`, or of `x + residual` in one pass.
    ///
    /// - Parameters:
    ///   - x: `[…, width]`.
    ///   - residual: of the shape of `x`, or nil.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws(TensorError) -> Tensor {
        try norm(x, adding: residual)
    }
}

extension LayerNorm: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&norm.gain, "weight", body)
        try visit(&norm.bias, "bias", body)
    }
}
