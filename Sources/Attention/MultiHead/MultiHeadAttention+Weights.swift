import AttentionTensors

extension MultiHeadAttention {
    /// The names under which four separate linear layers are stored.
    public struct Names: Sendable {
        /// The name of each layer, without `.weight` and `.bias`.
        public var query, key, value, output: String

        /// Four names.
        public init(query: String, key: String, value: String, output: String) {
            self.query = query
            self.key = key
            self.value = value
            self.output = output
        }
    }

    /// Four separate linear layers, each `name.weight` `[outputs, inputs]` and, with `hasBias`, `name.bias`.
    ///
    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    public init(
        width: Int, heads: Int, hasBias: Bool = true, named names: Names, from source: some WeightSource,
        attention: AttentionOperator = AttentionOperator()
    ) throws {
        func linear(_ name: String) throws -> Linear {
            try Linear(inputs: width, outputs: width, hasBias: hasBias, from: source.scoped(name))
        }
        try self.init(
            heads: heads, query: linear(names.query), key: linear(names.key), value: linear(names.value),
            output: linear(names.output), attention: attention)
    }

    /// PyTorch's `nn.MultiheadAttention`, in either of the forms that it stores: `in_proj_weight` `[3M, M]`
    /// (queries, keys and values one below the other), or `q_proj_weight`, `k_proj_weight` and
    /// `v_proj_weight` where keys and values have widths of their own. Biases are taken where `source` holds
    /// them.
    ///
    /// - Parameters:
    ///   - width: M, PyTorch's `embed_dim`.
    ///   - heads: H, PyTorch's `num_heads`.
    ///   - keyWidth: The width of the keys' input (`kdim`); nil: M.
    ///   - valueWidth: The width of the values' input (`vdim`); nil: M.
    ///   - source: The module's own tensors: scope a larger file by the module's name.
    ///   - attention: How the heads attend.
    /// - Throws: `TensorError` for a missing or misshapen tensor, and for the extra key of `add_bias_kv`,
    ///   which is not supported; what `source` throws. (`add_zero_attn` stores nothing, so a module that was
    ///   trained with it cannot be told from one without.)
    public init(
        width: Int, heads: Int, keyWidth: Int? = nil, valueWidth: Int? = nil,
        pyTorch source: some WeightSource,
        attention: AttentionOperator = AttentionOperator()
    ) throws {
        for (what, number) in [("width", width), ("kdim", keyWidth ?? width), ("vdim", valueWidth ?? width)]
        where number <= 0 || number >= 1 << 31 {
            throw TensorError.invalidArgument("a \(what) of \(number); it must be positive and below 2³¹")
        }
        for name in ["bias_k", "bias_v"] where source.contains(name) {
            throw TensorError.invalidArgument(
                "\(source.label) holds '\(name)': attention with an extra key (add_bias_kv) is not supported")
        }
        let weights: [Tensor]
        if source.contains("in_proj_weight") {
            let packed = try source.tensor("in_proj_weight", shape: [3 * width, width])
            weights = (0..<3).map { packed.sliced(axis: 0, $0 * width..<($0 + 1) * width) }
        } else {
            weights = [
                try source.tensor("q_proj_weight", shape: [width, width]),
                try source.tensor("k_proj_weight", shape: [width, keyWidth ?? width]),
                try source.tensor("v_proj_weight", shape: [width, valueWidth ?? width]),
            ]
        }
        let biases =
            source.contains("in_proj_bias") ? try source.tensor("in_proj_bias", shape: [3 * width]) : nil
        let inputs = try weights.enumerated().map { index, weight in
            try Linear(weight: weight, bias: biases?.sliced(axis: 0, index * width..<(index + 1) * width))
        }
        let output = source.scoped("out_proj")
        try self.init(
            heads: heads, query: inputs[0], key: inputs[1], value: inputs[2],
            output: Linear(inputs: width, outputs: width, hasBias: output.contains("bias"), from: output),
            attention: attention)
    }
}
