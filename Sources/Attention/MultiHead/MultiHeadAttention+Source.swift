import AttentionTensors

extension MultiHeadAttention {
    /// Projects sources, such as an encoder's outputs, to keys and values, and writes them into empty
    /// sequences of a cache. This happens once for a source; all later queries look at it there.
    ///
    /// - Parameters:
    ///   - source: `[1, Σ runs, …]`: the sources, end to end.
    ///   - runs: The number of positions of each source.
    ///   - cache: This layer's keys and values of sources.
    ///   - sequences: The empty sequence of the cache that each source is written to.
    /// - Throws: `TensorError` if the shapes do not fit; ``KeyValueCacheError``; then nothing has been
    ///   written.
    public func remember(
        _ source: Tensor, runs: [Int], in cache: inout KeyValueCache, sequences: [Int]
    ) throws {
        guard source.rank == 3, source.shape[0] == 1 else {
            throw TensorError.shapeMismatch(
                tensor: "sources", expected: "[1, \(runs.reduce(0, &+)), \(key.inputs)]",
                found: source.shape)
        }
        var projected = try Linear.outputs(of: [key, value], source)
        let values = try projected.removeLast().splitIntoHeads(keyValueHeads)
        let keys = try split(projected.removeLast(), keyValueHeads, keyNorm)
        try cache.writeSources(
            headsOfKeys: keys, values: values, runs: runs, to: sequences)
    }

    /// Cross-attention of any number of queries to sources in a cache
    /// (``remember(_:runs:in:sequences:)``): every query looks at all positions of its source. It has no
    /// backward pass: where a weight or the input is watched, a gradient through the result is an error.
    ///
    /// - Parameters:
    ///   - x: `[1, Σ runs, M]`: a run of new positions for each text, end to end.
    ///   - runs: The number of new positions of each text.
    ///   - cache: This layer's keys and values of sources.
    ///   - sequences: The source that each run looks at; several runs, such as beams, may look at one.
    ///   - firstPositions: The position of each run's first query in its own text; nil: 0 for all. See
    ///     ``AttentionOperator/callAsFunction(packedQuery:runs:source:sequences:firstPositions:)``.
    ///   - observe: Receives the attention of each run, in order, with its source's keys in float32; nil
    ///     costs nothing.
    /// - Returns: `[1, Σ runs, M]`; a run's bits do not depend on the others.
    /// - Throws: `TensorError` if the shapes do not fit, or ``attention`` has a mask or bias;
    ///   ``KeyValueCacheError``; what `observe` throws.
    public func callAsFunction(
        _ x: Tensor, runs: [Int], source cache: KeyValueCache, sequences: [Int],
        firstPositions: [Int]? = nil, observe: ((AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        guard x.rank == 3, x.shape[0] == 1 else {
            throw TensorError.shapeMismatch(
                tensor: "queries' input", expected: "[1, \(runs.reduce(0, &+)), \(query.inputs)]",
                found: x.shape)
        }
        let q = try split(query(x), heads, queryNorm)
        let call = try CachedAttention(
            attention, headsOfQueries: q, runs: runs, source: cache, sequences: sequences,
            firstPositions: firstPositions)
        guard let observe else {
            return try output(call.values(logSumExp: nil).concatenatingHeads())
        }
        let result = try call.output()
        var first = 0
        for (run, sequence) in zip(runs, sequences) {
            let rows = first..<first + run
            try observe(
                AttentionObservation(
                    attention: attention, query: q.sliced(axis: 2, rows), key: cache.keys(of: sequence),
                    logSumExp: result.logSumExp.sliced(axis: 2, rows)))
            first += run
        }
        return try output(result.values.concatenatingHeads())
    }
}
