import AttentionTensors

extension AttentionOperator {
    /// A set of attention's inputs.
    public struct Inputs: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// The queries.
        public static let query = Inputs(rawValue: 1)
        /// The keys.
        public static let key = Inputs(rawValue: 2)
        /// The values.
        public static let value = Inputs(rawValue: 4)
        /// ``AttentionBias/additive``
        public static let bias = Inputs(rawValue: 8)
        /// ``AttentionBias/slopes``
        public static let slopes = Inputs(rawValue: 16)
        /// The table of ``AttentionBias/relative``.
        public static let relative = Inputs(rawValue: 32)
        /// The temperature of cosine scores.
        public static let temperature = Inputs(rawValue: 64)
        /// ``AttentionOperator/sinks``
        public static let sinks = Inputs(rawValue: 128)
        /// Every input.
        public static let all: Inputs = [
            .query, .key, .value, .bias, .slopes, .relative, .temperature, .sinks,
        ]
    }

    /// The gradients of attention's inputs, each of its input's shape; nil for an input that is absent or not
    /// wanted.
    public struct Gradients: Sendable {
        /// `[B, Hq, Nq, D]`; in memory the heads of one position are neighbours.
        public var query: Tensor?
        /// `[B, Hkv, Nk, D]`, likewise.
        public var key: Tensor?
        /// `[B, Hkv, Nk, Dv]`, likewise.
        public var value: Tensor?
        /// The gradient of the additive bias, summed over the elements and heads that share it.
        public var bias: Tensor?
        /// `[Hq]`
        public var slopes: Tensor?
        /// `[buckets, Hq]`: the gradient of the table of relative positions.
        public var relative: Tensor?
        /// `[1]` or `[Hq]`
        public var temperature: Tensor?
        /// `[Hq]`
        public var sinks: Tensor?

        /// The gradients as results without a backward pass of their own.
        func recorded(if isRecorded: Bool) -> Gradients {
            guard isRecorded else { return self }
            func recorded(_ tensor: Tensor?) -> Tensor? {
                tensor?.recordedWithoutBackward(as: "backward pass of attention", if: true)
            }
            return Gradients(
                query: recorded(query), key: recorded(key), value: recorded(value), bias: recorded(bias),
                slopes: recorded(slopes), relative: recorded(relative), temperature: recorded(temperature),
                sinks: recorded(sinks))
        }
    }

    /// The gradients of attention's inputs from that of its output, in memory linear in Nq and Nk: the
    /// weights are recomputed from the log-sum-exp (FlashAttention, arXiv:2205.14135).
    ///
    ///     dV = Pᵀ dO    dP = dO Vᵀ    dS = P ∘ (dP − δ)    dQ = dS K    dK = dSᵀ Q,    δ = Σ dO ∘ O
    ///
    /// A query that sees no key has gradients of 0, and what a masked position holds has no effect. A weight
    /// of exactly 0 passes nothing on, even where what it weighs is not finite. The bits depend neither on
    /// the number of threads nor on what else is in the batch. Additive biases that serve several batch
    /// elements or heads get those elements' gradients one after the other, so that less of the work runs
    /// side by side.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, as for the forward pass, and so are `key` and `value`.
    ///   - key: `[B, Hkv, Nk, D]`
    ///   - value: `[B, Hkv, Nk, Dv]`
    ///   - output: The result of ``forward(query:key:value:)``.
    ///   - outputGradient: `[B, Hq, Nq, Dv]`, with any strides.
    ///   - wanted: The inputs whose gradients are computed.
    /// - Returns: Gradients that have no gradients of their own: a second derivative is an error.
    /// - Throws: `TensorError` if shapes or parameters do not fit together.
    public func backward(
        query: Tensor, key: Tensor, value: Tensor, output: Output, outputGradient: Tensor,
        of wanted: Inputs = .all
    ) throws -> Gradients {
        try AttentionProblem(self, query: query, key: key, value: value)
            .gradients(output: output, outputGradient: outputGradient, of: wanted)
            .recorded(if: isWatched(query, key, value) || outputGradient.isWatched)
    }
}

extension AttentionProblem {
    /// The gradients of the inputs that there are and that are wanted.
    func gradients(
        output: AttentionOperator.Output, outputGradient: Tensor, of wanted: AttentionOperator.Inputs
    ) throws(TensorError) -> AttentionOperator.Gradients {
        let rows: Shape = [extent.batch, extent.heads, extent.queries]
        let values = Shape(rows.extents + [valueWidth])
        for (name, tensor, shape) in [
            ("output of attention", output.values, values), ("log-sum-exp", output.logSumExp, rows),
            ("gradient of attention's output", outputGradient, values),
        ] where tensor.shape != shape {
            throw .shapeMismatch(tensor: name, expected: "\(shape)", found: tensor.shape)
        }
        return BackwardPass(
            try TiledAttention(self), output: output, outputGradient: outputGradient,
            wanted: wanted.intersection(inputs)
        ).gradients()
    }

    /// The inputs that there are.
    private var inputs: AttentionOperator.Inputs {
        var inputs: AttentionOperator.Inputs = [.query, .key, .value]
        if bias != nil { inputs.insert(.bias) }
        if slopes != nil { inputs.insert(.slopes) }
        if distances != nil { inputs.insert(.relative) }
        if parameters.score.temperature != nil { inputs.insert(.temperature) }
        if sinks != nil { inputs.insert(.sinks) }
        return inputs
    }
}
