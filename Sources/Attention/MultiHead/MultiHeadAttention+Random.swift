import AttentionTensors

extension MultiHeadAttention {
    /// A module with a random start: projections uniform within
    /// ±√(6 / (inputs + outputs)) (Glorot and Bengio, 2010), biases 0.
    ///
    /// - Parameters:
    ///   - width: M, divisible by `heads`.
    ///   - heads: H.
    ///   - attention: How the heads attend.
    ///   - generator: Where the numbers come from; a seeded one gives the same module every time.
    /// - Throws: `TensorError.invalidArgument` if `width` is not a multiple of `heads`.
    public init(
        width: Int, heads: Int, attention: AttentionOperator = AttentionOperator(),
        using generator: inout some RandomNumberGenerator
    ) throws(TensorError) {
        guard width > 0, heads > 0, width % heads == 0 else {
            throw .invalidArgument("a width of \(width) cannot be divided into \(heads) heads")
        }
        let limit = (6 / Float(2 * width)).squareRoot()
        var layers: [Linear] = []
        for _ in 0..<4 {
            let weight = Tensor(shape: [width, width]) { elements in
                for index in elements.indices {
                    elements.initializeElement(
                        at: index, to: Float.random(in: -limit...limit, using: &generator))
                }
            }
            layers.append(try Linear(weight: weight, bias: .zeros([width])))
        }
        try self.init(
            heads: heads, query: layers[0], key: layers[1], value: layers[2], output: layers[3],
            attention: attention)
    }

    /// A module with a random start that is different every time.
    public init(width: Int, heads: Int, attention: AttentionOperator = AttentionOperator())
        throws(TensorError)
    {
        var generator = SystemRandomNumberGenerator()
        try self.init(width: width, heads: heads, attention: attention, using: &generator)
    }
}
