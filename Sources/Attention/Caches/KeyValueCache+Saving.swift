import AttentionJSON
import AttentionTensors
import CAttentionKernels

extension KeyValueCache {
    /// The keys and values of a sequence as two tensors for a file: `keys`, `[Hkv, N, D]`, and `values`,
    /// `[Hkv, N, Dv]`, of the positions ``keptPositions(of:)``. The numbers are those of the cache, without
    /// further rounding. In 8 bits a row is its bytes, factors included, `[Hkv, N, bytes]`.
    ///
    /// - Parameters:
    ///   - sequence: The sequence's index.
    ///   - prefix: The prefix of the tensors' names, such as "layers.3.".
    /// - Throws: ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public func storedTensors(of sequence: Int, prefix: String = "") throws -> [StoredTensor] {
        let positions = try keptPositions(of: sequence)
        let rows = rows(of: sequence)
        return try SavedPart.all(of: layout).map { part in
            let storage = TensorStorage(byteCount: layout.heads * positions.count * part.rowBytes)
            for head in 0..<layout.heads {
                var target = storage.baseAddress + head * positions.count * part.rowBytes
                rows.forEachRun(positions) { range in
                    let run = part.isKeys ? rows.keys(range, head: head) : rows.values(range, head: head)
                    for row in 0..<range.count {
                        target.copyMemory(from: run.data + row * run.stride, byteCount: part.rowBytes)
                        target += part.rowBytes
                    }
                }
            }
            return try StoredTensor(
                name: prefix + part.name, elementType: part.elementType,
                shape: [layout.heads, positions.count, part.columns], bytes: 0..<storage.byteCount,
                in: storage)
        }
    }

    /// Replaces a sequence by one that ``storedTensors(of:prefix:)`` saved.
    ///
    /// - Parameters:
    ///   - sequence: The sequence's index.
    ///   - positions: The positions that were kept; the sequence gets the length `positions.upperBound`.
    ///   - source: The source of the tensors.
    ///   - prefix: The prefix of the tensors' names.
    ///   - isSource: Whether the sequence was a source.
    /// - Throws: ``KeyValueCacheError``, `TensorError` or the source's own errors if tensors are missing, or
    ///   of another layout, or the positions do not fit; then nothing has changed.
    public mutating func restore(
        _ sequence: Int, positions: Range<Int>, from source: any WeightSource, prefix: String = "",
        isSource: Bool = false
    ) throws {
        try check(sequence)
        try checkRestored(positions, from: source)
        guard !isSource || window == nil && positions.lowerBound == 0 else {
            throw KeyValueCacheError.cannotRestore(
                source: source.label, field: "first position", expected: "0, in a cache without a window",
                found: "\(positions.lowerBound)")
        }
        let parts = try SavedPart.all(of: layout).map { part in
            (part, try part.tensor(in: source, prefix: prefix, layout, positions.count))
        }
        var restored = Sequence(
            length: positions.upperBound, first: positions.lowerBound, isSource: isSource)
        if let pool {
            let pages = positions.isEmpty ? 0 : (positions.upperBound - 1) / pageLength + 1
            for _ in positions.lowerBound / pageLength..<max(pages, positions.lowerBound / pageLength) {
                restored.pages.append(try pool.takePage())
            }
        } else {
            restored.pages = [KeyValuePage(TensorStorage(byteCount: layout.bytesPerPosition * capacity))]
        }
        let rows = CachedRows(layout, pageLength: pageLength, restored)
        for (part, tensor) in parts { part.write(tensor, to: rows, positions, layout) }
        sequences[sequence] = restored
    }

    private func checkRestored(
        _ positions: Range<Int>, from source: any WeightSource
    ) throws(KeyValueCacheError) {
        func require(_ isRight: Bool, _ field: String, _ expected: String, _ found: Int)
            throws(KeyValueCacheError)
        {
            guard !isRight else { return }
            throw .cannotRestore(source: source.label, field: field, expected: expected, found: "\(found)")
        }
        try require(
            positions.upperBound <= capacity, "length", "at most \(capacity)", positions.upperBound)
        let latest = pool == nil ? 0 : firstSeen(at: positions.upperBound)
        try require(
            (0...latest).contains(positions.lowerBound), "first position", "between 0 and \(latest)",
            positions.lowerBound)
    }
}

/// The keys, or the values, of a saved sequence.
private struct SavedPart {
    let isKeys: Bool
    let elementType: ElementType
    /// Elements and bytes of a row in the file, which has no padding but for 8 bits.
    let columns, rowBytes: Int
    /// Bytes of a row in the cache.
    let stride: Int

    var name: String { isKeys ? "keys" : "values" }

    static func all(of layout: KeyValueLayout) -> [SavedPart] {
        [
            SavedPart(layout.storage, isKeys: true, width: layout.keyWidth, stride: layout.keyRowBytes),
            SavedPart(layout.storage, isKeys: false, width: layout.valueWidth, stride: layout.valueRowBytes),
        ]
    }

    private init(_ storage: KeyValueStorage, isKeys: Bool, width: Int, stride: Int) {
        self.isKeys = isKeys
        self.stride = stride
        switch storage {
        case .float32: elementType = .float32
        case .float16: elementType = .float16
        case .bfloat16: elementType = .bfloat16
        case .int8: elementType = .uint8
        }
        columns = storage == .int8 ? stride : width
        rowBytes = columns * elementType.byteWidth
    }

    func tensor(
        in source: any WeightSource, prefix: String, _ layout: KeyValueLayout, _ count: Int
    ) throws -> StoredTensor {
        guard let tensor = try source.storedTensor(named: prefix + name) else {
            throw TensorError.missingTensor(name: prefix + name, source: source.label)
        }
        func require(_ field: String, _ expected: String, _ found: String) throws(KeyValueCacheError) {
            guard ExactString(expected) != ExactString(found) else { return }
            throw .cannotRestore(
                source: source.label, field: "\(field) of '\(prefix + name)'", expected: expected,
                found: found)
        }
        try require("type", elementType.rawValue, tensor.elementType.rawValue)
        try require("shape", "\([layout.heads, count, columns] as Shape)", "\(tensor.shape)")
        return tensor
    }

    /// Writes rows to pages that no other sequence shares.
    func write(
        _ tensor: StoredTensor, to rows: CachedRows, _ positions: Range<Int>, _ layout: KeyValueLayout
    ) {
        tensor.withUnsafeBytes { bytes in
            guard var source = bytes.baseAddress, rowBytes > 0 else { return }
            for head in 0..<layout.heads {
                rows.forEachRun(positions) { range in
                    let run = isKeys ? rows.keys(range, head: head) : rows.values(range, head: head)
                    for row in 0..<range.count {
                        let target = run.data + row * run.stride
                        target.copyMemory(from: source, byteCount: rowBytes)
                        // The kernels read the padding, too.
                        (target + rowBytes).initializeMemory(
                            as: UInt8.self, repeating: 0, count: stride - rowBytes)
                        source += rowBytes
                    }
                }
            }
        }
    }
}
