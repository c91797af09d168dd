import AttentionTensors

extension AttentionOperator {
    /// Exact attention to what a cache holds, of any storage. Query i of a sequence stands at position
    /// length − Nq + i, so the new positions' keys and values are appended first; ``alignment`` has no say.
    ///
    /// Up to eight queries take a schedule of their own, which reads keys and values once and is as fast as
    /// memory. A sequence's bits depend neither on the other sequences nor on whether the cache is paged; as
    /// long as there are at most eight, nor on how many queries are asked at once.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, with any strides.
    ///   - cache: Keys and values; lengths may differ. An additive bias has as many keys as the longest
    ///     sequence.
    ///   - sequences: The sequence that each element of the batch belongs to; nil: as many as there are, in
    ///     order.
    /// - Returns: `[B, Hq, Nq, Dv]`; in memory the heads of one position are neighbours. Gradients are not
    ///   recorded.
    /// - Throws: `TensorError` if shapes or parameters do not fit together or a sequence holds fewer
    ///   positions than there are queries; ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public func callAsFunction(query: Tensor, cache: KeyValueCache, sequences: [Int]? = nil) throws -> Tensor
    {
        try CachedAttention(self, query: query, cache: cache, sequences: sequences).values(logSumExp: nil)
    }

    /// The same for sequences that each ask as many queries as they have, end to end without padding: some
    /// that read their prompts beside others that take a step. Each has the bits that it has alone.
    ///
    /// - Parameters:
    ///   - query: `[T, Hq, D]`, with any strides: the queries of all sequences after each other.
    ///   - runs: How many of the T queries each sequence asks.
    ///   - cache: Keys and values.
    ///   - sequences: The sequence that each run belongs to; nil: all, in order.
    /// - Returns: `[T, Hq, Dv]`, contiguous. Gradients are not recorded.
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
        let call = try CachedAttention(self, query: query, cache: cache, sequences: sequences)
        let extent = call.problem.extent
        var values: Tensor?
        let logSumExp = try Tensor(shape: [extent.batch, extent.heads, extent.queries]) {
            values = try call.values(logSumExp: $0.baseAddress)
        }
        return Output(values: values!, logSumExp: logSumExp)
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
        return try TiledAttention(call.problemOfOne()).weights(
            logSumExp: logSumExp, heads: heads, queries: queries)
    }
}
