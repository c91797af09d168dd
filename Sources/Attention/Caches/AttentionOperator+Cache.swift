import AttentionTensors

extension AttentionOperator {
    /// Exact attention to the keys and values of a cache, of any storage. Query i of a sequence stands at
    /// position length − Nq + i, so the new positions' keys and values are appended first; ``alignment`` has
    /// no effect.
    ///
    /// Up to eight queries take a schedule of their own, which reads keys and values once, at the speed of
    /// memory. A sequence's bits depend neither on the other sequences nor on paging, and up to eight queries
    /// have the same bits together as one at a time.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, with any strides.
    ///   - cache: Keys and values; lengths may differ. An additive bias has as many keys as the longest
    ///     sequence.
    ///   - sequences: The sequence that each element of the batch belongs to; nil: as many as there are, in
    ///     order.
    /// - Returns: `[B, Hq, Nq, Dv]`; in memory the heads of one position are neighbours. It has no
    ///   backward pass: where a tensor is watched, a gradient through the result is an error.
    /// - Throws: `TensorError` if shapes or parameters do not fit together or a sequence holds fewer
    ///   positions than there are queries; ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public func callAsFunction(query: Tensor, cache: KeyValueCache, sequences: [Int]? = nil) throws -> Tensor
    {
        try CachedAttention(self, query: query, cache: cache, sequences: sequences).values(logSumExp: nil)
    }

    /// Attention for sequences with different numbers of queries, end to end without padding: some sequences
    /// may read their prompts while others take a step. Each sequence has the same bits as alone.
    ///
    /// - Parameters:
    ///   - query: `[T, Hq, D]`, with any strides: the queries of all sequences after each other.
    ///   - runs: The number of queries of each sequence; they add up to T.
    ///   - cache: Keys and values.
    ///   - sequences: The sequence that each run belongs to; nil: all, in order.
    /// - Returns: `[T, Hq, Dv]`, contiguous, without a backward pass.
    /// - Throws: As ``callAsFunction(query:cache:sequences:)``; `TensorError.invalidArgument`, too, for a
    ///   mask that tells batch elements apart and for an additive bias.
    public func callAsFunction(
        packedQuery query: Tensor, runs: [Int], cache: KeyValueCache, sequences: [Int]? = nil
    ) throws -> Tensor {
        let call = try CachedAttention(
            self, packedQuery: query, runs: runs, cache: cache, sequences: sequences)
        let (extent, width) = (call.problem.extent, call.problem.valueWidth)
        return try call.values(logSumExp: nil).transposed(1, 2)
            .reshaped(to: [extent.queries, extent.heads, width])
    }

    /// Like ``callAsFunction(query:cache:sequences:)``, with the log-sum-exp.
    public func forward(query: Tensor, cache: KeyValueCache, sequences: [Int]? = nil) throws -> Output {
        try CachedAttention(self, query: query, cache: cache, sequences: sequences).output()
    }

    /// The softmax weights of chosen heads and queries of one sequence, as for
    /// ``weights(query:key:logSumExp:heads:queries:)``.
    ///
    /// - Parameters:
    ///   - query: `[1, Hq, Nq, D]`, as for the forward pass.
    ///   - cache: As for the forward pass.
    ///   - logSumExp: `[1, Hq, Nq]`, from ``forward(query:cache:sequences:)``.
    ///   - sequence: The sequence of the cache.
    ///   - heads: Query heads, in the order in which they are wanted; nil: all.
    ///   - queries: Rows of `query`; nil: all.
    /// - Returns: `[1, heads, queries, Nk]`
    /// - Throws: As ``callAsFunction(query:cache:sequences:)``.
    public func weights(
        query: Tensor, cache: KeyValueCache, sequence: Int, logSumExp: Tensor, heads: [Int]? = nil,
        queries: Range<Int>? = nil
    ) throws -> Tensor {
        let call = try CachedAttention(self, query: query, cache: cache, sequences: [sequence])
        return try call.recorded(
            TiledAttention(call.problemOfOne()).weights(
                logSumExp: logSumExp.detached(), heads: heads, queries: queries))
    }
}
