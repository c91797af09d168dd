/// Normalisation by the root mean square over the last axis, y = x / √(mean(x²) + ε) · gain
/// (arXiv:1910.07467).
public struct RMSNorm: Sendable {
    private var norm: Normalisation

    /// The number of channels.
    public var width: Int { norm.width }
    /// What is added to the mean of squares.
    public var epsilon: Float { norm.epsilon }

    /// - Parameters:
    ///   - width: The last axis's extent.
    ///   - gain: `[width]`, PyTorch's `weight`; nil: ones.
    ///   - epsilon: ε, which keeps the root away from 0.
    ///   - gainIsOffset: Whether the factor is 1 + gain, as in Gemma, rather than the gain.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public init(width: Int, gain: Tensor?, epsilon: Float, gainIsOffset: Bool = false) throws(TensorError) {
        norm = try Normalisation(
            width: width, isCentred: false, epsilon: epsilon, gainOffset: gainIsOffset ? 1 : 0, gain: gain)
    }

    /// Reads `weight` from `source`.
    public init(
        width: Int, epsilon: Float, gainIsOffset: Bool = false, from source: some WeightSource
    ) throws {
        try self.init(
            width: width, gain: source.tensor("weight", shape: [width]), epsilon: epsilon,
            gainIsOffset: gainIsOffset)
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

extension RMSNorm: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&norm.gain, "weight", body)
    }
}
