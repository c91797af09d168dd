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
        try self.init(stacking: [(weight, bias)])
    }

    /// Several layers with the same input as one: their outputs side by side, computed in one pass over x.
    /// Either all or none of them have a bias.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``, or
    ///   ``TensorError/invalidArgument(_:)`` if only some have a bias.
    public init(stacking layers: [(weight: Tensor, bias: Tensor?)]) throws(TensorError) {
        weight = try PackedMatrix(stacking: layers.map(\.weight))
        let biases = layers.compactMap(\.bias)
        guard biases.isEmpty || biases.count == layers.count else {
            throw .invalidArgument("of linear layers that are stacked, either all or none have a bias")
        }
        for (layer, bias) in zip(layers, biases) where bias.shape != [layer.weight.shape[0]] {
            throw .shapeMismatch(tensor: "bias", expected: "[\(layer.weight.shape[0])]", found: bias.shape)
        }
        bias = biases.isEmpty ? nil : try Tensor(biases.flatMap(\.scalars), shape: [weight.outputs])
    }

    /// Reads `weight`, and `bias` if `hasBias`, from `source`.
    public init(inputs: Int, outputs: Int, hasBias: Bool = true, from source: some WeightSource) throws {
        try self.init(
            weight: source.tensor("weight", shape: [outputs, inputs]),
            bias: hasBias ? source.tensor("bias", shape: [outputs]) : nil)
    }

    /// - Parameter x: `[…, inputs]`.
    /// - Returns: `[…, outputs]`.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public func callAsFunction(_ x: Tensor, activation: Activation = .identity) throws(TensorError) -> Tensor
    {
        try weight.product(x, bias: bias, activation: activation)
    }
}
