import AttentionTensors

/// One call of the operator over a cache, checked.
struct CachedAttention {
    /// The whole batch, with as many keys as the longest sequence has.
    let problem: AttentionProblem
    private let cache: KeyValueCache
    private let runs: [CacheRun]
    /// Whether a tensor that the result depends on is watched, or was when it was appended.
    private let isRecorded: Bool
    /// Whether queries look at sources from outside, at all positions. Otherwise they stand at the end of
    /// their sequences.
    private let looksAtSources: Bool

    /// - Parameter query: `[B, Hq, Nq, D]`, an element for each sequence.
    init(_ parameters: AttentionOperator, query: Tensor, cache: KeyValueCache, sequences: [Int]?) throws {
        let sequences = sequences ?? Array(0..<cache.count)
        guard query.rank == 4, query.shape[0] == sequences.count, query.shape[3] == cache.layout.keyWidth
        else {
            throw TensorError.shapeMismatch(
                tensor: "query", expected: "[\(sequences.count), Hq, Nq, \(cache.layout.keyWidth)]",
                found: query.shape)
        }
        let runs = sequences.enumerated().map {
            CacheRun(sequence: $1, element: $0, rows: 0..<query.shape[2])
        }
        try self.init(parameters, query, cache, runs)
    }

    /// - Parameter query: `[T, Hq, D]`, the sequences' queries after each other.
    init(
        _ parameters: AttentionOperator, packedQuery query: Tensor, runs: [Int], cache: KeyValueCache,
        sequences: [Int]?
    ) throws {
        try self.init(
            parameters, headsOfQueries: query.asOneElement(of: runs, width: cache.layout.keyWidth),
            runs: runs, cache: cache, sequences: sequences ?? Array(0..<cache.count))
    }

    /// - Parameter query: `[1, Hq, T, D]`, the same as layers have it.
    init(
        _ parameters: AttentionOperator, headsOfQueries query: Tensor, runs: [Int], cache: KeyValueCache,
        sequences: [Int]
    ) throws {
        let runs = try CacheRun.packed(runs, in: sequences, of: query)
        guard !parameters.mask.dependence.contains(.batch), parameters.bias.additive == nil else {
            throw TensorError.invalidArgument(
                "packed queries over a cache have no batch elements that a mask or an additive bias "
                    + "could tell apart")
        }
        try self.init(parameters, query, cache, runs)
    }

    /// - Parameter query: `[elements, Hq, rows, D]`
    init(
        _ parameters: AttentionOperator, _ query: Tensor, _ cache: KeyValueCache, _ runs: [CacheRun],
        looksAtSources: Bool = false
    ) throws {
        guard parameters.dropout == nil else {
            throw TensorError.invalidArgument("dropout is for training, where there is no cache")
        }
        for run in runs {
            try cache.check(run.sequence, isSource: looksAtSources)
            let length = cache.sequences[run.sequence].length
            guard looksAtSources || length >= run.rows.count else {
                throw TensorError.invalidArgument(
                    "\(run.rows.count) queries at the end of sequence \(run.sequence), which holds "
                        + "\(length) positions: append their keys and values first")
            }
        }
        self.cache = cache
        self.runs = runs
        self.looksAtSources = looksAtSources
        isRecorded =
            parameters.isWatched(query, query, query)
            || runs.contains { cache.sequences[$0.sequence].isRecorded }
        let keyCount = runs.map { cache.sequences[$0.sequence].length }.max() ?? 0
        var parameters = isRecorded ? parameters.detached() : parameters
        parameters.alignment =
            looksAtSources ? .topLeft : .offset(keyCount - (runs.map { $0.rows.count }.max() ?? 0))
        problem = try AttentionProblem(
            parameters, query: query.detached(), layout: cache.layout, keyCount: keyCount)
        if cache.window != nil { for run in runs { try checkWindow(of: run) } }
    }

    /// A cache with a window has forgotten what a query must not ask for.
    private func checkWindow(of run: CacheRun) throws {
        let (mask, sequence) = (problem.parameters.mask, cache.sequences[run.sequence])
        for head in 0..<(mask.dependence.contains(.head) ? problem.extent.heads : 1) {
            let site = AttentionSite(batch: run.element, head: head, keys: sequence.length)
            for position in sequence.length - run.rows.count..<sequence.length {
                let seen = mask.visibleKeys(query: position, at: site).clamped(to: 0..<sequence.length)
                let first = max(cache.firstSeen(at: position), sequence.first)
                guard seen.isEmpty || seen.lowerBound >= first else {
                    throw TensorError.invalidArgument(
                        "the mask lets position \(position) of sequence \(run.sequence) see position "
                            + "\(seen.lowerBound), and the cache's window begins at \(first)")
                }
            }
        }
    }

    /// `tensor` as a result of this call: a gradient through attention over a cache is an error.
    func recorded(_ tensor: Tensor) -> Tensor {
        tensor.recordedWithoutBackward(as: "attention over a cache", if: isRecorded)
    }

    /// The weighted sums, `[B, Hq, Nq, Dv]`.
    ///
    /// - Parameter logSumExp: `[B, Hq, Nq]`, to be written, or nil.
    func values(logSumExp: UnsafeMutablePointer<Float>?) throws -> Tensor {
        let extent = problem.extent
        let values = try Tensor(
            shape: [extent.batch, extent.queries, extent.heads, problem.valueWidth]
        ) { values in
            guard let values = values.baseAddress else { return }
            let results = TiledAttention.Results(values: values, logSumExp: logSumExp)
            var steps: [CacheRun] = []
            for run in runs {
                let (tiled, rest) = parts(of: run)
                if let tiled { try attend(tiled, into: results) }
                if let rest { steps.append(rest) }
            }
            try decode(looksAtSources ? cache.joiningRuns(steps) : steps, into: results)
        }
        return recorded(values.transposed(1, 2))
    }

    /// The part of a run that takes the tiled path, and the part that takes the schedule of a decoder's step.
    ///
    /// A prompt that is read in pieces must have the bits of one that is read at once. So the way of a query
    /// must not depend on the pieces. What lies behind the last multiple of
    /// ``AttentionOperator/cutLength`` is a run of its own wherever the run before it ends.
    private func parts(of run: CacheRun) -> (tiled: CacheRun?, rest: CacheRun?) {
        let most = DecodeSequence.mostQueries
        guard run.rows.count > most else { return (nil, run) }
        let rest =
            (run.textLength ?? cache.sequences[run.sequence].length) % AttentionOperator.cutLength
        guard rest <= most, rest > 0 else { return (run, nil) }
        var (tiled, last) = (run, run)
        let cut = run.rows.upperBound - rest
        (tiled.rows, tiled.behind) = (run.rows.lowerBound..<cut, rest)
        last.rows = cut..<run.rows.upperBound
        return (tiled, last)
    }

    /// Few queries: all sequences in one go.
    private func decode(_ runs: [CacheRun], into results: TiledAttention.Results) throws {
        guard !runs.isEmpty else { return }
        let steps = runs.map { run in
            let keyCount = cache.sequences[run.sequence].length
            // Chunks are counted from the sequence's beginning, so that a position falls into the same chunk
            // in every step, whatever the window.
            return DecodeSequence(
                problem, batch: run.element, queries: run.rows,
                position: looksAtSources ? 0 : keyCount - run.rows.count, keyCount: keyCount, anchor: 0,
                rows: cache.rows(of: run.sequence))
        }
        let kernels = try Kernels.selected()
        problem.query.withElementPointer { query in
            problem.withBiases { biases in
                DecodeAttention(problem: problem, kernels: kernels, sequences: steps)
                    .run(query: query, biases: biases, into: results)
            }
        }
        withExtendedLifetime(cache) {}
    }

    /// Many queries: the tiled path, a sequence at a time.
    private func attend(_ run: CacheRun, into results: TiledAttention.Results) throws {
        let extent = problem.extent
        let values =
            results.values
            + (run.element * extent.queries + run.rows.lowerBound) * extent.heads * problem.valueWidth
        let tiled = try TiledAttention(problem(of: run))
        guard let logSumExp = results.logSumExp else {
            return tiled.run(into: TiledAttention.Results(values: values, logSumExp: nil))
        }
        // The run's own log-sum-exp, [Hq, rows], and its place in [B, Hq, Nq].
        MemoryPool.withFloats(extent.heads * run.rows.count) { own in
            tiled.run(into: TiledAttention.Results(values: values, logSumExp: own))
            for head in 0..<extent.heads {
                (logSumExp + (run.element * extent.heads + head) * extent.queries + run.rows.lowerBound)
                    .update(from: own + head * run.rows.count, count: run.rows.count)
            }
        }
    }

    /// The problem of the only sequence, a batch of 1.
    func problemOfOne() throws -> AttentionProblem { try problem(of: runs[0]) }

    private func problem(of run: CacheRun) throws -> AttentionProblem {
        let element = run.element
        let keyCount = cache.sequences[run.sequence].length
        var parameters = problem.parameters
        parameters.alignment =
            looksAtSources ? .topLeft : .offset(keyCount - run.behind - run.rows.count)
        if problem.extent.batch > 1 { parameters.mask = ElementMask(mask: parameters.mask, element: element) }
        // The bias by distance is that of the whole batch, laid out once.
        parameters.bias = AttentionBias(
            additive: problem.bias?.sliced(axis: 0, element..<element + 1).sliced(axis: 2, run.rows)
                .sliced(axis: 3, 0..<keyCount),
            slopes: parameters.bias.slopes)
        var result = try AttentionProblem(
            parameters,
            query: problem.query.sliced(axis: 0, element..<element + 1).sliced(axis: 2, run.rows),
            layout: cache.layout, keyCount: keyCount)
        result.distances = problem.distances
        result.cached = CachedSequence(cache: cache, index: run.sequence)
        return result
    }
}

/// Rows of a tensor of queries, keys or values that belong to the end of one sequence of a cache.
struct CacheRun: Sendable {
    let sequence: Int
    /// The element of the tensor's batch.
    let element: Int
    /// Of that element.
    var rows: Range<Int>
    /// The number of the sequence's positions behind those of the rows.
    var behind = 0
    /// The positions of a text up to the end of the rows; nil: those of the sequence.
    var textLength: Int?

    /// The runs of queries `[1, Hq, T, D]`.
    static func packed(
        _ counts: [Int], in sequences: [Int], of query: Tensor
    ) throws(TensorError) -> [CacheRun] {
        let runs = try packed(counts, in: sequences)
        let total = runs.last?.rows.upperBound ?? 0
        guard query.rank == 4, query.shape[0] == 1, query.shape[2] == total else {
            throw .shapeMismatch(
                tensor: "packed queries", expected: "[1, Hq, \(total), D]", found: query.shape)
        }
        return runs
    }

    /// Runs of one element that lie after each other.
    static func packed(_ counts: [Int], in sequences: [Int]) throws(TensorError) -> [CacheRun] {
        guard counts.count == sequences.count, counts.allSatisfy({ (0..<1 << 30).contains($0) }) else {
            throw .invalidArgument("runs of \(counts) positions for the sequences \(sequences)")
        }
        var first = 0
        return zip(counts, sequences).map { count, sequence in
            defer { first += count }
            return CacheRun(sequence: sequence, element: 0, rows: first..<first + count)
        }
    }
}

/// A sequence of a cache, in the place of key and value tensors.
package struct CachedSequence: Sendable {
    let cache: KeyValueCache
    let index: Int

    var rows: CachedRows { cache.rows(of: index) }
}

extension Tensor {
    /// Queries of several runs, `[T, Hq, D]`, as `[1, Hq, T, D]`.
    ///
    /// - Throws: `TensorError.shapeMismatch`.
    func asOneElement(of runs: [Int], width: Int) throws(TensorError) -> Tensor {
        let total = runs.reduce(0, &+)
        guard rank == 3, shape[0] == total, shape[2] == width else {
            throw .shapeMismatch(
                tensor: "packed queries", expected: "[\(total), Hq, \(width)]", found: shape)
        }
        return asOneElement()
    }
}

extension KeyValueCache {
    /// The place of a sequence in memory. The cache must outlive it.
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
