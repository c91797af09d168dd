import AttentionTensors

/// One call of the operator over a cache, checked.
struct CachedAttention {
    /// The whole batch, with as many keys as the longest sequence has.
    let problem: AttentionProblem
    private let cache: KeyValueCache
    private let sequences: [Int]

    init(_ parameters: AttentionOperator, query: Tensor, cache: KeyValueCache, sequences: [Int]?) throws {
        let sequences = sequences ?? Array(0..<cache.count)
        guard query.rank == 4, query.shape[0] == sequences.count, query.shape[3] == cache.layout.keyWidth
        else {
            throw TensorError.shapeMismatch(
                tensor: "query", expected: "[\(sequences.count), Hq, Nq, \(cache.layout.keyWidth)]",
                found: query.shape)
        }
        guard parameters.dropout == nil else {
            throw TensorError.invalidArgument("dropout is for training, where there is no cache")
        }
        for sequence in sequences {
            try cache.check(sequence)
            guard cache.lengths[sequence] >= query.shape[2] else {
                throw TensorError.invalidArgument(
                    "\(query.shape[2]) queries at the end of sequence \(sequence), which holds "
                        + "\(cache.lengths[sequence]) positions: append their keys and values first")
            }
        }
        self.cache = cache
        self.sequences = sequences
        let keyCount = sequences.map { cache.lengths[$0] }.max() ?? 0
        var parameters = parameters
        parameters.alignment = .offset(keyCount - query.shape[2])
        problem = try AttentionProblem(
            parameters, query: query, layout: cache.layout, batch: sequences.count, keyCount: keyCount)
    }

    /// The weighted sums, `[B, Hq, Nq, Dv]`.
    ///
    /// - Parameter logSumExp: `[B, Hq, Nq]`, to be written, or nil.
    func values(logSumExp: UnsafeMutablePointer<Float>?) throws -> Tensor {
        let extent = problem.extent
        return try Tensor(shape: [extent.batch, extent.queries, extent.heads, problem.valueWidth]) { values in
            guard let values = values.baseAddress else { return }
            let results = TiledAttention.Results(values: values, logSumExp: logSumExp)
            if extent.queries <= DecodeSequence.mostQueries {
                try decode(into: results)
            } else {
                for element in sequences.indices { try attend(element, into: results) }
            }
        }.transposed(1, 2)
    }

    /// Few queries: all sequences in one go.
    private func decode(into results: TiledAttention.Results) throws {
        let queries = problem.extent.queries
        let steps = sequences.enumerated().map { element, sequence in
            let keyCount = cache.lengths[sequence]
            // Chunks are counted from the sequence's beginning, so that a position falls into the same chunk in every
            // step, whatever the window.
            return DecodeSequence(
                problem, batch: element, queries: 0..<queries, position: keyCount - queries,
                keyCount: keyCount,
                anchor: 0, rows: cache.rows(of: sequence))
        }
        let kernels = try Kernels.selected()
        problem.query.withElementPointer { query in
            withOptionalPointer(problem.bias) { bias in
                DecodeAttention(problem: problem, kernels: kernels, sequences: steps)
                    .run(query: query, bias: bias, into: results)
            }
        }
        withExtendedLifetime(cache) {}
    }

    /// Many queries: the tiled path, a sequence at a time.
    private func attend(_ element: Int, into results: TiledAttention.Results) throws {
        let extent = problem.extent
        let rows = element * extent.queries * extent.heads
        try TiledAttention(problem(ofElement: element)).run(
            into: TiledAttention.Results(
                values: results.values + rows * problem.valueWidth,
                logSumExp: results.logSumExp.map { $0 + rows }))
    }

    /// The problem of one sequence, a batch of 1.
    func problem(ofElement element: Int) throws -> AttentionProblem {
        let queries = problem.extent.queries
        let keyCount = cache.lengths[sequences[element]]
        var parameters = problem.parameters
        parameters.alignment = .offset(keyCount - queries)
        if problem.extent.batch > 1 { parameters.mask = ElementMask(mask: parameters.mask, element: element) }
        if let bias = problem.bias {
            parameters.bias = AttentionBias(
                additive: bias.sliced(axis: 0, element..<element + 1).sliced(axis: 3, 0..<keyCount),
                slopes: parameters.bias.slopes)
        }
        var result = try AttentionProblem(
            parameters, query: problem.query.sliced(axis: 0, element..<element + 1), layout: cache.layout,
            batch: 1,
            keyCount: keyCount)
        result.cached = CachedSequence(cache: cache, index: sequences[element])
        return result
    }
}

extension AttentionProblem {
    /// A problem whose keys and values are in a cache.
    fileprivate init(
        _ parameters: AttentionOperator, query: Tensor, layout: KeyValueLayout, batch: Int, keyCount: Int
    ) throws {
        // Shapes without memory behind them: one row of zeros, seen again and again.
        func shape(_ width: Int) -> Tensor {
            let row = Tensor.zeros([width])
            return Tensor(
                shape: [batch, layout.heads, keyCount, width], strides: [0, 0, 0, 1], offset: 0,
                storage: row.storage)
        }
        try self.init(
            parameters, query: query, key: shape(layout.keyWidth), value: shape(layout.valueWidth))
    }
}

/// A sequence of a cache, in the place of key and value tensors.
package struct CachedSequence: Sendable {
    let cache: KeyValueCache
    let index: Int

    var rows: CachedRows { cache.rows(of: index) }
}

extension KeyValueCache {
    /// Where a sequence lies. The cache must outlive it.
    func rows(of sequence: Int) -> CachedRows {
        CachedRows(layout, pageLength: pageLength, sequences[sequence])
    }
}

/// A mask of a batch, asked about one of its elements, which stands alone.
private struct ElementMask: AttentionMask {
    let mask: any AttentionMask
    let element: Int

    private func moved(_ site: AttentionSite) -> AttentionSite {
        AttentionSite(batch: element, head: site.head, keys: site.keys)
    }

    func allows(query: Int, key: Int, at site: AttentionSite) -> Bool {
        mask.allows(query: query, key: key, at: moved(site))
    }
    func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        mask.visibleKeys(query: query, at: moved(site))
    }
    var isInterval: Bool { mask.isInterval }
    func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage {
        mask.coverage(queries: queries, keys: keys, at: moved(site))
    }
    func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        mask.visibleBits(query: query, keys: keys, at: moved(site))
    }
    var dependence: MaskDependence { mask.dependence.subtracting(.batch) }
    var queryBoundaries: [Int] { mask.queryBoundaries }
    // The whole batch's mask has been checked.
}
