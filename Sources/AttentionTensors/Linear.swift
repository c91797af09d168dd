/// y = act(x · Wᵀ + b): a linear layer.
public struct Linear: Sendable {
    private let weight: PackedMatrix
    private let bias: Tensor?

    public var inputs: Int { weight.inputs }
    public var outputs: Int { weight.outputs }

    /// - Parameters:
    ///   - weight: `[outputs, inputs]`, as PyTorch's `nn.Linear` stores it.
    ///   - bias: `[outputs]`, or nil.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public init(weight: Tensor, bias: Tensor? = nil) throws(TensorError) {
        self.weight = try PackedMatrix(weight)
        if let bias, bias.shape != [weight.shape[0]] {
            throw .shapeMismatch(tensor: "bias", expected: "[\(weight.shape[0])]", found: bias.shape)
        }
        self.bias = bias?.contiguous()
    }

    /// Reads `weight`, and `bias` if `hasBias`, from `source`.
    public init(inputs: Int, outputs: Int, hasBias: Bool = true, from source: some WeightSource) throws {
        try self.init(
            weight: source.tensor("weight", shape: [outputs, inputs]),
            bias: hasBias ? source.tensor("bias", shape: [outputs]) : nil)
    }

    /// - Parameters:
    ///   - x: `[…, inputs]`.
    ///   - activation: Is applied to the result before it is written.
    /// - Returns: `[…, outputs]`.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public func callAsFunction(_ x: Tensor, activation: Activation = .identity) throws(TensorError) -> Tensor
    {
        try weight.product(x, bias: bias, activation: activation)
    }
}
