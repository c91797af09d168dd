import AttentionTensors

/// Multi-head attention (arXiv:1706.03762, section 3.2.2):
///
///     MultiHead(Q, K, V) = Concat(head₁, …, head_h) W^O,   headᵢ = Attention(Q Wᵢ^Q, K Wᵢ^K, V Wᵢ^V)
///
/// With the same tensor as query, key and value it is self-attention; otherwise cross-attention.
public struct MultiHeadAttention: Sendable {
    /// M, the width of queries and of the output.
    public let width: Int
    /// Hq
    public let heads: Int
    /// Hkv; fewer than `heads` where heads share keys and values.
    public let keyValueHeads: Int
    /// How the heads attend: score, mask, bias. A mask given to a call replaces the mask in here.
    public var attention: AttentionOperator

    /// W^Q, W^K, W^V and W^O with their biases.
    var query, key, value, output: Linear
    /// Norms of each head's queries and keys (QK-Norm, arXiv:2010.04245), over D, before positions are
    /// applied; nil: none.
    public var queryNorm, keyNorm: RMSNorm?

    /// - Parameters:
    ///   - heads: Hq
    ///   - keyValueHeads: Hkv; nil: as many as `heads`.
    ///   - query: M → Hq·D
    ///   - key: width of the keys' input → Hkv·D
    ///   - value: width of the values' input → Hkv·Dv
    ///   - output: Hq·Dv → M
    ///   - attention: How the heads attend.
    /// - Throws: `TensorError.invalidArgument` if the widths cannot be divided into heads.
    public init(
        heads: Int, keyValueHeads: Int? = nil, query: Linear, key: Linear, value: Linear, output: Linear,
        attention: AttentionOperator = AttentionOperator()
    ) throws(TensorError) {
        let keyValueHeads = keyValueHeads ?? heads
        guard heads > 0, keyValueHeads > 0, heads % keyValueHeads == 0 else {
            throw .invalidArgument("\(heads) heads cannot share \(keyValueHeads) key/value heads")
        }
        guard query.outputs % heads == 0, key.outputs == query.outputs / heads * keyValueHeads else {
            throw .invalidArgument(
                "\(heads) query heads in \(query.outputs) channels "
                    + "and \(keyValueHeads) key heads in \(key.outputs): the head widths differ")
        }
        guard value.outputs % keyValueHeads == 0, output.inputs == value.outputs / keyValueHeads * heads
        else {
            throw .invalidArgument(
                "\(keyValueHeads) value heads in \(value.outputs) channels do not fill an output layer "
                    + "of \(output.inputs) inputs with \(heads) heads")
        }
        width = output.outputs
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.attention = attention
    }

    /// - Parameters:
    ///   - query: `[B, Nq, M]`
    ///   - key: `[B, Nk, …]`; nil: the queries' input (self-attention).
    ///   - value: `[B, Nk, …]`; nil: the keys' input.
    ///   - mask: The keys that a query may look at; nil: the mask of ``attention``.
    ///   - rotary: The angles by which queries and keys turn, for self-attention; nil: none.
    ///   - observe: Receives the attention of the heads; nil costs nothing.
    /// - Returns: `[B, Nq, M]`
    /// - Throws: `TensorError` if the shapes do not fit; what `observe` throws.
    public func callAsFunction(
        _ query: Tensor, key: Tensor? = nil, value: Tensor? = nil, mask: (any AttentionMask)? = nil,
        rotary: RotaryAngles? = nil, observe: ((AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        let (q, k, v) = try heads(query, key: key ?? query, value: value ?? key ?? query, rotary: rotary)
        var attention = attention
        if let mask { attention.mask = mask }
        guard let observe else {
            return try output(attention(query: q, key: k, value: v).concatenatingHeads())
        }
        let result = try attention.forward(query: q, key: k, value: v)
        try observe(AttentionObservation(attention: attention, query: q, key: k, logSumExp: result.logSumExp))
        return try output(result.values.concatenatingHeads())
    }

    /// Self-attention of new positions to themselves and to the positions of a cache before them. It has no
    /// backward pass: where a weight or the input is watched, a gradient through the result is an error.
    ///
    /// The new positions are appended to the cache first. A sequence's bits do not depend on the others.
    ///
    /// - Parameters:
    ///   - x: `[1, Σ runs, M]`: a run of new positions for each sequence, end to end.
    ///   - runs: The number of new positions of each sequence.
    ///   - cache: This layer's keys and values.
    ///   - sequences: The sequence of the cache that each run belongs to.
    ///   - rotary: The angles of all new positions; nil: none.
    /// - Returns: `[1, Σ runs, M]`
    /// - Throws: `TensorError` if the shapes do not fit; ``KeyValueCacheError``.
    public func callAsFunction(
        _ x: Tensor, runs: [Int], cache: inout KeyValueCache, sequences: [Int], rotary: RotaryAngles? = nil
    ) throws -> Tensor {
        let (q, k, v) = try heads(x, key: x, value: x, rotary: rotary)
        try cache.append(headsOfKeys: k, values: v, runs: runs, to: sequences)
        let call = try CachedAttention(
            attention, headsOfQueries: q, runs: runs, cache: cache, sequences: sequences)
        return try output(call.values(logSumExp: nil).concatenatingHeads())
    }

    /// Queries `[B, Hq, Nq, D]`, keys `[B, Hkv, Nk, D]` and values `[B, Hkv, Nk, Dv]`.
    private func heads(
        _ queryInput: Tensor, key keyInput: Tensor, value valueInput: Tensor, rotary: RotaryAngles?
    ) throws(TensorError) -> (Tensor, Tensor, Tensor) {
        let isSelfAttention = queryInput.isSameValue(as: keyInput) && keyInput.isSameValue(as: valueInput)
        var projected =
            isSelfAttention
            ? try Linear.outputs(of: [query, key, value], queryInput)
            : [try query(queryInput), try key(keyInput), try value(valueInput)]
        // Each is removed from the list, so that it can be rotated in place.
        let v = try projected.removeLast().splitIntoHeads(keyValueHeads)
        var k = try split(projected.removeLast(), keyValueHeads, keyNorm)
        var q = try split(projected.removeLast(), heads, queryNorm)
        if let rotary {
            try rotary.turn(&q)
            try rotary.turn(&k)
        }
        return (q, k, v)
    }

    /// The heads of a projection, `[B, H, N, D]`, normalised if there is a norm.
    func split(_ x: Tensor, _ heads: Int, _ norm: RMSNorm?) throws(TensorError) -> Tensor {
        guard let norm else { return try x.splitIntoHeads(heads) }
        let rows = try x.reshaped(to: [x.elementCount / norm.width, norm.width])
        return try norm(rows).reshaped(to: x.shape).splitIntoHeads(heads)
    }
}

extension MultiHeadAttention: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&query, "query", body)
        try visit(&key, "key", body)
        try visit(&value, "value", body)
        try visit(&output, "output", body)
        try visit(&queryNorm, "queryNorm", body)
        try visit(&keyNorm, "keyNorm", body)
    }
}

/// The inputs and the log-sum-exp of one attention, from which any part of its weights can be recomputed.
public struct AttentionObservation: Sendable {
    /// How the heads attend.
    public let attention: AttentionOperator
    /// `[B, Hq, Nq, D]`, `[B, Hkv, Nk, D]`, `[B, Hq, Nq]`
    public let query, key, logSumExp: Tensor

    /// The softmax weights of chosen heads and rows, `[B, heads, queries, Nk]`. See
    /// ``AttentionOperator/weights(query:key:logSumExp:heads:queries:)``.
    public func weights(heads: [Int]? = nil, queries: Range<Int>? = nil) throws -> Tensor {
        try attention.weights(query: query, key: key, logSumExp: logSumExp, heads: heads, queries: queries)
    }

    /// The weights of whole heads in `rows × columns` cells. See
    /// ``AttentionOperator/weightSummary(query:key:logSumExp:heads:rows:columns:)``.
    public func weightSummary(heads: [Int]? = nil, rows: Int, columns: Int) throws -> WeightSummary {
        try attention.weightSummary(
            query: query, key: key, logSumExp: logSumExp, heads: heads, rows: rows, columns: columns)
    }

    /// The weights of whole heads in cells of any size. See
    /// ``AttentionOperator/weightSummary(query:key:logSumExp:heads:rowRuns:columnRuns:)``.
    public func weightSummary(
        heads: [Int]? = nil, rowRuns: [Range<Int>], columnRuns: [Range<Int>]
    ) throws -> WeightSummary {
        try attention.weightSummary(
            query: query, key: key, logSumExp: logSumExp, heads: heads, rowRuns: rowRuns,
            columnRuns: columnRuns)
    }
}
