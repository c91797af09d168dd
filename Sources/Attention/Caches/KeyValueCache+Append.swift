import AttentionTensors
import CAttentionKernels

extension KeyValueCache {
    /// Appends positions to every sequence.
    ///
    /// - Parameters:
    ///   - keys: `[B, Hkv, N, D]`, with any strides.
    ///   - values: `[B, Hkv, N, Dv]`
    /// - Throws: `TensorError.shapeMismatch` or ``KeyValueCacheError``; then nothing has been appended.
    public mutating func append(keys: Tensor, values: Tensor) throws {
        try append(keys: keys, values: values, to: Array(sequences.indices))
    }

    /// Appends positions to one sequence.
    ///
    /// - Parameters:
    ///   - keys: `[Hkv, N, D]`, with any strides.
    ///   - values: `[Hkv, N, Dv]`
    ///   - sequence: The sequence's index.
    /// - Throws: `TensorError.shapeMismatch` or ``KeyValueCacheError``; then nothing has been appended.
    public mutating func append(keys: Tensor, values: Tensor, to sequence: Int) throws {
        func batched(_ tensor: Tensor, _ name: String) throws(TensorError) -> Tensor {
            guard tensor.rank == 3 else {
                throw .shapeMismatch(tensor: name, expected: "[\(layout.heads), N, …]", found: tensor.shape)
            }
            return tensor.insertingBatchAxis()
        }
        try append(
            keys: batched(keys, "keys for a cache"), values: batched(values, "values for a cache"),
            to: [sequence])
    }

    /// Appends positions to chosen sequences, each of which may be named once.
    ///
    /// - Parameters:
    ///   - keys: `[B, Hkv, N, D]`, with any strides; element b goes to sequence `targets[b]`.
    ///   - values: `[B, Hkv, N, Dv]`
    ///   - targets: The sequences' indices.
    /// - Throws: `TensorError` or ``KeyValueCacheError``; then nothing has been appended.
    public mutating func append(keys: Tensor, values: Tensor, to targets: [Int]) throws {
        let positions = keys.rank == 4 ? keys.shape[2] : 0
        try check(keys, values, rank: 4) {
            "[\(targets.count), \(layout.heads), N, \($0)]"
        } fits: {
            $0[0] == targets.count && $0[1] == layout.heads && $0[2] == positions && $0[3] == $1
        }
        try append(
            keys, values,
            targets.enumerated().map { CacheRun(sequence: $1, element: $0, rows: 0..<positions) })
    }

    /// Appends positions to chosen sequences, a different number to each, end to end without padding.
    ///
    /// - Parameters:
    ///   - keys: `[T, Hkv, D]`, with any strides: the runs of all sequences after each other.
    ///   - values: `[T, Hkv, Dv]`
    ///   - runs: The number of positions for each sequence; they add up to T.
    ///   - targets: The sequences' indices, each named once; nil: all, in order.
    /// - Throws: `TensorError` or ``KeyValueCacheError``; then nothing has been appended.
    public mutating func append(
        packedKeys keys: Tensor, values: Tensor, runs: [Int], to targets: [Int]? = nil
    ) throws {
        let total = runs.reduce(0, &+)
        try check(keys, values, rank: 3) {
            "[\(total), \(layout.heads), \($0)]"
        } fits: {
            $0[0] == total && $0[1] == layout.heads && $0[2] == $1
        }
        try append(
            headsOfKeys: keys.asOneElement(), values: values.asOneElement(), runs: runs,
            to: targets ?? Array(sequences.indices))
    }

    /// The same with the heads as layers have them.
    ///
    /// - Parameters:
    ///   - keys: `[1, Hkv, T, D]`
    ///   - values: `[1, Hkv, T, Dv]`
    mutating func append(
        headsOfKeys keys: Tensor, values: Tensor, runs: [Int], to targets: [Int]
    ) throws {
        let runs = try CacheRun.packed(runs, in: targets)
        let total = runs.last?.rows.upperBound ?? 0
        try check(keys, values, rank: 4) {
            "[1, \(layout.heads), \(total), \($0)]"
        } fits: {
            $0[0] == 1 && $0[1] == layout.heads && $0[2] == total && $0[3] == $1
        }
        try append(keys, values, runs)
    }

    private func check(
        _ keys: Tensor, _ values: Tensor, rank: Int, _ expected: (_ width: Int) -> String,
        fits: (_ shape: Shape, _ width: Int) -> Bool
    ) throws(TensorError) {
        guard keys.rank == rank, fits(keys.shape, layout.keyWidth) else {
            throw .shapeMismatch(
                tensor: "keys for a cache", expected: expected(layout.keyWidth), found: keys.shape)
        }
        guard values.rank == rank, fits(values.shape, layout.valueWidth) else {
            throw .shapeMismatch(
                tensor: "values for a cache", expected: expected(layout.valueWidth), found: values.shape)
        }
    }

    /// - Parameters:
    ///   - keys, values: `[elements, Hkv, rows, …]`, of shapes that have been checked.
    private mutating func append(_ keys: Tensor, _ values: Tensor, _ runs: [CacheRun]) throws {
        let kernels = try Kernels.selected()
        try checkRoom(for: runs)
        let runs = runs.filter { !$0.rows.isEmpty }
        guard !runs.isEmpty else { return }
        try makeRoom(for: runs)
        if Tensor.isAnyWatched(keys, values) {
            for run in runs { sequences[run.sequence].isRecorded = true }
        }
        let (keys, values, heads) = (keys.withUnitStride(), values.withUnitStride(), layout.heads)
        let (keySource, valueSource) = (CacheSource(keys, kernels), CacheSource(values, kernels))
        // Every page that is written to has one owner now.
        let starts = runs.map { sequences[$0.sequence].length }
        let places = runs.map { rows(of: $0.sequence) }
        let positions = runs.reduce(0) { $0 + $1.rows.count }
        let elements = positions * heads * (layout.keyWidth + layout.valueWidth)
        WorkerPool.current.run(count: runs.count * heads, work: .bytes(4 * elements)) { item, _ in
            let (head, index) = (item % heads, item / heads)
            let (run, start, places) = (runs[index], starts[index], places[index])
            places.forEachRun(start..<start + run.rows.count) { part in
                let row = run.rows.lowerBound + part.lowerBound - start
                keySource.write(row, of: run.element, head, to: places.keys(part, head: head))
                valueSource.write(row, of: run.element, head, to: places.values(part, head: head))
            }
        }
        withExtendedLifetime((keys, values)) {}
        for run in runs { sequences[run.sequence].length += run.rows.count }
    }

    private func checkRoom(for runs: [CacheRun]) throws {
        guard runs.count == 1 || Set(runs.map { $0.sequence }).count == runs.count else {
            throw TensorError.invalidArgument("a sequence is named twice in \(runs.map { $0.sequence })")
        }
        for run in runs {
            try check(run.sequence)
            guard !sequences[run.sequence].isSource else {
                throw KeyValueCacheError.isSource(sequence: run.sequence)
            }
            let length = sequences[run.sequence].length
            guard run.rows.count <= capacity - length else {
                throw KeyValueCacheError.full(
                    sequence: run.sequence, length: length, capacity: capacity, appending: run.rows.count)
            }
        }
    }

    /// Takes the memory for `count` more positions of a sequence, so that appending them cannot fail for lack
    /// of it.
    ///
    /// - Throws: ``KeyValueCacheError``; then the length has not changed, nor what a query at the end sees.
    package mutating func reserve(_ count: Int, of sequence: Int) throws {
        let run = CacheRun(sequence: sequence, element: 0, rows: 0..<count)
        try checkRoom(for: [run])
        try makeRoom(for: [run])
    }

    /// Takes pages for the new positions, and copies pages that others share and that would be written to.
    private mutating func makeRoom(for runs: [CacheRun]) throws {
        var fresh: [[KeyValuePage]] = []
        if let pool {
            for run in runs { forget(run.sequence) }
            let needed = runs.map { run in
                let sequence = sequences[run.sequence]
                return (sequence.length + run.rows.count + pageLength - 1) / pageLength
                    - sequence.first / pageLength - sequence.pages.count
            }
            do {
                for count in needed { fresh.append(try (0..<count).map { _ in try pool.takePage() }) }
            } catch is KeyValueCacheError {
                fresh = []  // gives back what was taken
                throw KeyValueCacheError.outOfPages(needed: needed.reduce(0, +), free: pool.freePages)
            }
        }
        for run in runs { try ownLastPage(of: run.sequence) }
        for (run, pages) in zip(runs, fresh) { sequences[run.sequence].pages += pages }
    }

    /// Gives back the pages that no query from the sequence's end on can see. Appending pieces longer than
    /// the window is right, too: the positions that a piece's first query sees are kept until the next piece.
    private mutating func forget(_ target: Int) {
        let first = firstSeen(at: sequences[target].length) / pageLength * pageLength
        guard first > sequences[target].first else { return }
        sequences[target].pages.removeFirst(first / pageLength - sequences[target].first / pageLength)
        sequences[target].first = first
    }

    private mutating func ownLastPage(of target: Int) throws {
        let index = sequences[target].length / pageLength - sequences[target].first / pageLength
        guard index < sequences[target].pages.count,
            !isKnownUniquelyReferenced(&sequences[target].pages[index])
        else { return }
        let shared = sequences[target].pages[index]
        let own = try pool?.takePage() ?? KeyValuePage(TensorStorage(byteCount: shared.storage.byteCount))
        own.storage.baseAddress.copyMemory(
            from: shared.storage.baseAddress, byteCount: shared.storage.byteCount)
        sequences[target].pages[index] = own
    }
}

extension Tensor {
    /// This tensor, or a copy of it, whose innermost axis has no gaps.
    package func withUnitStride() -> Tensor {
        strides[rank - 1] == 1 || shape[rank - 1] <= 1 ? self : contiguous()
    }

    /// `[1, …]`
    fileprivate func insertingBatchAxis() -> Tensor {
        let view = Tensor(
            shape: Shape([1] + shape.extents), strides: [0] + strides, offset: offset, storage: storage)
        guard isWatched else { return view }
        return view.recorded(as: "batch axis", from: [self]) { gradient, _ in
            [gradient.selecting(axis: 0, 0)]
        }
    }

    /// `[T, H, D]` as `[1, H, T, D]`.
    func asOneElement() -> Tensor { insertingBatchAxis().transposed(1, 2) }
}

/// New keys, or values, `[elements, Hkv, rows, width]`, in numbers: a head that is written counts no
/// reference to them.
private struct CacheSource {
    private let table: UnsafePointer<ak_kernels>
    private let elements: UnsafePointer<Float>
    private let strides: (element: Int, head: Int, row: Int)
    private let width: Int64

    /// - Parameter tensor: Must outlive it.
    init(_ tensor: Tensor, _ kernels: Kernels) {
        table = kernels.table
        elements = tensor.withElementPointer { $0 }
        strides = (tensor.strides[0], tensor.strides[1], tensor.strides[2])
        width = Int64(tensor.shape[3])
    }

    func write(_ row: Int, of element: Int, _ head: Int, to run: ak_cache_run) {
        withUnsafePointer(to: run) {
            table.pointee.decode.write_rows(
                elements + element * strides.element + head * strides.head + row * strides.row, strides.row,
                width, $0)
        }
    }
}
