import AttentionTensors

extension AttentionOperator {
    /// Exact cross-attention to sources in a cache
    /// (``KeyValueCache/writeSources(packedKeys:values:runs:to:)``). Queries are outside of the source: each
    /// looks at all of its positions, and there may be more queries than positions.
    ///
    /// Up to eight queries of a run take the schedule of a decoder's step, and have the same bits together as
    /// one at a time; more take tiles. A run's bits depend neither on the other runs nor on paging, and a
    /// text that is read in pieces, cut at multiples of ``cutLength``, has the bits of one that is read at
    /// once.
    ///
    /// - Parameters:
    ///   - query: `[T, Hq, D]`, with any strides: the queries of all runs after each other.
    ///   - runs: The number of queries of each run; they add up to T.
    ///   - cache: The sources' keys and values.
    ///   - sequences: The source that each run looks at; several runs may look at one. Neighbours that do,
    ///     such as beams, read it once.
    ///   - firstPositions: The position of each run's first query in its own text; nil: 0 for all. Only the
    ///     way of computing depends on it.
    /// - Returns: `[T, Hq, Dv]`, contiguous, without a backward pass.
    /// - Throws: `TensorError` if shapes or parameters do not fit together, or for a mask or bias, which
    ///   compare positions; ``KeyValueCacheError`` if a sequence is no source.
    public func callAsFunction(
        packedQuery query: Tensor, runs: [Int], source cache: KeyValueCache, sequences: [Int],
        firstPositions: [Int]? = nil
    ) throws -> Tensor {
        let call = try CachedAttention(
            self, headsOfQueries: query.asOneElement(of: runs, width: cache.layout.keyWidth), runs: runs,
            source: cache, sequences: sequences,
            firstPositions: firstPositions)
        let (extent, width) = (call.problem.extent, call.problem.valueWidth)
        return try call.values(logSumExp: nil).transposed(1, 2)
            .reshaped(to: [extent.queries, extent.heads, width])
    }

    /// Like ``callAsFunction(packedQuery:runs:source:sequences:firstPositions:)``, with the log-sum-exp.
    ///
    /// - Returns: Values `[1, Hq, T, Dv]` and the log-sum-exp `[1, Hq, T]`.
    public func forward(
        packedQuery query: Tensor, runs: [Int], source cache: KeyValueCache, sequences: [Int],
        firstPositions: [Int]? = nil
    ) throws -> Output {
        let call = try CachedAttention(
            self, headsOfQueries: query.asOneElement(of: runs, width: cache.layout.keyWidth), runs: runs,
            source: cache, sequences: sequences,
            firstPositions: firstPositions)
        return try call.output()
    }
}

extension CachedAttention {
    /// - Parameter query: `[1, Hq, T, D]`, the runs' queries after each other.
    init(
        _ parameters: AttentionOperator, headsOfQueries query: Tensor, runs: [Int],
        source cache: KeyValueCache, sequences: [Int], firstPositions: [Int]?
    ) throws {
        var runs = try CacheRun.packed(runs, in: sequences, of: query)
        guard firstPositions?.count ?? runs.count == runs.count,
            firstPositions?.allSatisfy({ (0..<1 << 30).contains($0) }) ?? true
        else {
            throw TensorError.invalidArgument(
                "first positions \(firstPositions ?? []); expected one below 2³⁰ for each of "
                    + "\(runs.count) runs")
        }
        let bias = parameters.bias
        guard parameters.mask is FullMask, bias.additive == nil, bias.slopes == nil, bias.relative == nil
        else {
            throw TensorError.invalidArgument(
                "attention to a source looks at all of its positions: expected no mask and no bias, found "
                    + (parameters.mask is FullMask ? "a bias" : "\(type(of: parameters.mask))"))
        }
        for (index, run) in runs.enumerated() {
            runs[index].textLength = (firstPositions?[index] ?? 0) + run.rows.count
        }
        try self.init(parameters, query, cache, runs, looksAtSources: true)
    }

    /// The weighted sums, and the log-sum-exp.
    func output() throws -> AttentionOperator.Output {
        let extent = problem.extent
        var values: Tensor?
        let logSumExp = try Tensor(shape: [extent.batch, extent.heads, extent.queries]) {
            values = try self.values(logSumExp: $0.baseAddress)
        }
        return AttentionOperator.Output(values: values!, logSumExp: recorded(logSumExp))
    }
}
