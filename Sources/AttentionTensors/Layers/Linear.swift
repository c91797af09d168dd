/// y = act(x · Wᵀ + b): a linear layer.
///
/// The weight stays as it is stored: in float32, float16, bfloat16 or GGUF's blocks of integers. Only a
/// float32 weight can be trained. The input's gradient is that of the weight's numbers: the rounding of
/// inputs to 8 bits, which products with blocks do, counts as the identity.
public struct Linear: Sendable {
    private(set) var weight: WeightMatrix
    /// The weight before packing; nil unless it is watched.
    private var watchedWeight: Tensor?
    private(set) var bias: Tensor?

    /// The number of channels that go in.
    public var inputs: Int { weight.inputs }
    /// The number of channels that come out.
    public var outputs: Int { weight.outputs }
    /// Whether the weight or the bias is watched.
    var isWatched: Bool { watchedWeight != nil || bias?.isWatched == true }

    /// - Parameters:
    ///   - weight: `[outputs, inputs]`, as PyTorch's `nn.Linear` stores it.
    ///   - bias: `[outputs]`, or nil.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public init(weight: Tensor, bias: Tensor? = nil) throws(TensorError) {
        self.weight = try WeightMatrix(weight)
        if let bias, bias.shape != [weight.shape[0]] {
            throw .shapeMismatch(tensor: "bias", expected: "[\(weight.shape[0])]", found: bias.shape)
        }
        watchedWeight = weight.isWatched ? weight : nil
        self.bias = bias?.contiguous()
    }

    /// - Parameters:
    ///   - weight: `[outputs, inputs]`. One in 16-bit floats is used where it lies, in a mapped file, say.
    ///   - bias: `[outputs]`, or nil.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``;
    ///   ``TensorError/unsupportedElementType(tensor:found:)`` unless it holds numbers.
    public init(weight: StoredTensor, bias: Tensor? = nil) throws(TensorError) {
        self.weight = try WeightMatrix(weight)
        if let bias, bias.shape != [weight.shape[0]] {
            throw .shapeMismatch(tensor: "bias", expected: "[\(weight.shape[0])]", found: bias.shape)
        }
        self.bias = bias?.contiguous()
    }

    /// Reads `weight`, in any type, and `bias` if `hasBias`, from `source`.
    public init(inputs: Int, outputs: Int, hasBias: Bool = true, from source: some WeightSource) throws {
        func bias() throws -> Tensor? { hasBias ? try source.tensor("bias", shape: [outputs]) : nil }
        if let weight = try source.storedTensor(named: "weight"), weight.shape == [outputs, inputs],
            weight.elementType.isReduced
        {
            try self.init(weight: weight, bias: bias())
        } else {
            try self.init(weight: source.tensor("weight", shape: [outputs, inputs]), bias: bias())
        }
    }

    /// - Parameters:
    ///   - x: `[…, inputs]`.
    ///   - activation: Is applied to the result before it is written.
    /// - Returns: `[…, outputs]`.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public func callAsFunction(_ x: Tensor, activation: Activation = .identity) throws(TensorError) -> Tensor
    {
        guard Tensor.isAnyWatched(x, watchedWeight, bias) else {
            return try Self.products(x, with: [self], activation: activation)[0]
        }
        // The backward pass of an activation needs what it is applied to: recorded, it is an operation of its
        // own.
        return try activation(recordedProduct(x))
    }

    /// y = x · Wᵀ + b, with dx = dy · W, dW = dyᵀ · x and db = Σ dy over the rows.
    private func recordedProduct(_ x: Tensor) throws(TensorError) -> Tensor {
        let product = try Self.products(x.detached(), with: [self])[0]
        // The weight's gradient alone needs the input. A frozen weight exists packed only, and is unpacked
        // for the input's gradient.
        let input = watchedWeight.map { _ in x.detached() }
        let (packed, kept, shape) = (weight, watchedWeight?.detached(), x.shape)
        return product.recorded(as: "linear", from: [x, watchedWeight, bias]) {
            gradient, needs throws(TensorError) in
            let dy = try gradient.asRows()
            var (dx, dw): (Tensor?, Tensor?) = (nil, nil)
            if needs[0] {
                let weight = if let kept { kept } else { try packed.unpacked() }
                dx = try matrixProduct(dy, weight).reshaped(to: shape)
            }
            if needs[1], let input { dw = try matrixProduct(dy.transposed(0, 1), input.asRows()) }
            return [dx, dw, needs[2] ? try sumOfRows(dy) : nil]
        }
    }
}

extension Linear: Parameterized {
    /// `weight` `[outputs, inputs]` and `bias` `[outputs]`.
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        guard weight.elementType == .float32 else {
            body.note(UntrainableWeight(name: "weight", elementType: weight.elementType))
            return try visit(&bias, "bias", body)
        }
        // An unwatched weight exists packed only. This function holds its unpacked form too, so that a write
        // cannot go unnoticed.
        let unwatched = watchedWeight == nil ? try weight.unpacked().contiguous() : nil
        let node = watchedWeight?.gradientNode
        guard var shown = unwatched ?? watchedWeight.take() else { return }
        defer { watchedWeight = shown.isWatched ? shown : nil }
        try visit(&shown, "weight", body)
        let isUnchanged = unwatched.map { $0.storage === shown.storage } ?? (shown.gradientNode === node)
        if !isUnchanged { weight = try WeightMatrix(shown) }
        try visit(&bias, "bias", body)
    }
}

extension Tensor {
    /// All axes but the last as one.
    fileprivate func asRows() throws(TensorError) -> Tensor {
        try reshaped(to: [shape.dropLast().reduce(1, *), shape[rank - 1]])
    }
}
