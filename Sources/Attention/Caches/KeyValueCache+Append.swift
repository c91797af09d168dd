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
        let kernels = try Kernels.selected()
        let positions = try checkAppended(keys, values, targets)
        guard positions > 0 else { return }
        try makeRoom(for: positions, in: targets)
        let (keys, values) = (keys.withUnitStride(), values.withUnitStride())
        let writer = CacheWriter(
            kernels: kernels, layout: layout, pageLength: pageLength, positions: positions, keys: keys,
            values: values)
        // Every page that is written to has one owner now.
        let elements = targets.count * layout.heads * positions * (layout.keyWidth + layout.valueWidth)
        WorkerPool.current.run(count: targets.count * layout.heads, work: .bytes(4 * elements)) { item, _ in
            let (element, head) = (item / layout.heads, item % layout.heads)
            writer.write(element: element, head: head, to: sequences[targets[element]])
        }
        for target in targets { sequences[target].length += positions }
    }

    /// Checks shapes and room, and returns N.
    private func checkAppended(_ keys: Tensor, _ values: Tensor, _ targets: [Int]) throws -> Int {
        let positions = keys.rank == 4 ? keys.shape[2] : 0
        for (name, tensor, width) in [
            ("keys for a cache", keys, layout.keyWidth), ("values for a cache", values, layout.valueWidth),
        ] where tensor.shape != [targets.count, layout.heads, positions, width] {
            throw TensorError.shapeMismatch(
                tensor: name, expected: "[\(targets.count), \(layout.heads), N, \(width)]",
                found: tensor.shape)
        }
        guard Set(targets).count == targets.count else {
            throw TensorError.invalidArgument("a sequence is named twice in \(targets)")
        }
        for target in targets {
            try check(target)
            let length = sequences[target].length
            guard positions <= capacity - length else {
                throw KeyValueCacheError.full(
                    sequence: target, length: length, capacity: capacity, appending: positions)
            }
        }
        return positions
    }

    /// Takes pages for the new positions, and copies pages that others share and that would be written to.
    private mutating func makeRoom(for positions: Int, in targets: [Int]) throws {
        var fresh: [[KeyValuePage]] = []
        if let pool {
            let needed = targets.map { target in
                let sequence = sequences[target]
                return (sequence.length + positions + pageLength - 1) / pageLength - sequence.pages.count
            }
            do {
                for count in needed { fresh.append(try (0..<count).map { _ in try pool.takePage() }) }
            } catch is KeyValueCacheError {
                fresh = []  // gives back what was taken
                throw KeyValueCacheError.outOfPages(needed: needed.reduce(0, +), free: pool.freePages)
            }
        }
        for target in targets { try ownLastPage(of: target) }
        for (target, pages) in zip(targets, fresh) { sequences[target].pages += pages }
    }

    private mutating func ownLastPage(of target: Int) throws {
        let length = sequences[target].length
        let index = length / pageLength
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
        Tensor(
            shape: Shape([1] + shape.extents), strides: [0] + strides, offset: offset, storage: storage)
    }
}

/// Writes the new positions of one head of one sequence into its pages.
private struct CacheWriter {
    let kernels: Kernels
    let layout: KeyValueLayout
    let pageLength: Int
    let positions: Int
    let keys, values: Tensor

    func write(element: Int, head: Int, to sequence: KeyValueCache.Sequence) {
        let rows = CachedRows(layout, pageLength: pageLength, sequence)
        var written = 0
        while written < positions {
            let position = sequence.length + written
            let count = min(positions - written, pageLength - position % pageLength)
            let range = position..<position + count
            write(keys, written, element, head, rows.keys(range, head: head), layout.keyWidth)
            write(values, written, element, head, rows.values(range, head: head), layout.valueWidth)
            written += count
        }
    }

    private func write(
        _ tensor: Tensor, _ first: Int, _ element: Int, _ head: Int, _ run: ak_cache_run, _ width: Int
    ) {
        let strides = tensor.strides
        tensor.withElementPointer { source in
            withUnsafePointer(to: run) {
                kernels.table.pointee.decode.write_rows(
                    source + element * strides[0] + head * strides[1] + first * strides[2], strides[2],
                    Int64(width), $0)
            }
        }
    }
}
