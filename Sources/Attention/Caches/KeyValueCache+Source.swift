import AttentionTensors
import CAttentionKernels

extension KeyValueCache {
    /// Writes sources for cross-attention, such as an encoder's outputs, into empty sequences. A source is
    /// written once: appending to it is an error. Sequences that copy one share its memory
    /// (``addSequence(copying:length:)``), and a source that is truncated to 0 is an empty sequence again.
    ///
    /// - Parameters:
    ///   - keys: `[T, Hkv, D]`, with any strides: the sources after each other.
    ///   - values: `[T, Hkv, Dv]`
    ///   - runs: The number of positions of each source; they add up to T.
    ///   - targets: The sequences' indices, each named once.
    /// - Throws: `TensorError` or ``KeyValueCacheError``; then nothing has been written.
    public mutating func writeSources(
        packedKeys keys: Tensor, values: Tensor, runs: [Int], to targets: [Int]
    ) throws {
        try writeSources(to: targets) {
            try $0.append(packedKeys: keys, values: values, runs: runs, to: targets)
        }
    }

    /// The same with the heads as layers have them, `[1, Hkv, T, D]` and `[1, Hkv, T, Dv]`.
    mutating func writeSources(
        headsOfKeys keys: Tensor, values: Tensor, runs: [Int], to targets: [Int]
    ) throws {
        try writeSources(to: targets) {
            try $0.append(headsOfKeys: keys, values: values, runs: runs, to: targets)
        }
    }

    private mutating func writeSources(
        to targets: [Int], _ append: (inout KeyValueCache) throws -> Void
    ) throws {
        guard window == nil else {
            throw TensorError.invalidArgument(
                "a cache with a window of \(window ?? 0) positions forgets; expected one without, "
                    + "because every query looks at a whole source")
        }
        for target in targets {
            try check(target, isSource: false)
            guard sequences[target].length == 0 else {
                throw KeyValueCacheError.isNotEmpty(sequence: target, length: sequences[target].length)
            }
        }
        try append(&self)
        for target in targets { sequences[target].isSource = true }
    }

    /// Whether a sequence holds a source.
    ///
    /// - Throws: ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public func isSource(_ sequence: Int) throws(KeyValueCacheError) -> Bool {
        try check(sequence)
        return sequences[sequence].isSource
    }

    /// Checks that there is such a sequence, and that it is a source or is none.
    func check(_ sequence: Int, isSource: Bool) throws(KeyValueCacheError) {
        try check(sequence)
        guard sequences[sequence].isSource == isSource else {
            throw isSource ? .isNoSource(sequence: sequence) : .isSource(sequence: sequence)
        }
    }

    /// Joins neighbouring runs that look at one source, such as the beams of a request, up to the most
    /// queries of a decoder's step: the source is read once for all of them. Queries have the same bits
    /// together as one at a time.
    func joiningRuns(_ runs: [CacheRun]) -> [CacheRun] {
        var joined: [CacheRun] = []
        for run in runs where !run.rows.isEmpty {
            guard let last = joined.last, last.rows.upperBound == run.rows.lowerBound,
                last.rows.count + run.rows.count <= DecodeSequence.mostQueries,
                areOneSource(last.sequence, run.sequence)
            else {
                joined.append(run)
                continue
            }
            joined[joined.count - 1].rows = last.rows.lowerBound..<run.rows.upperBound
        }
        return joined
    }

    /// Whether two sources are one: sources are shared as a whole, so that their first pages tell.
    private func areOneSource(_ a: Int, _ b: Int) -> Bool {
        if a == b { return true }
        guard let first = sequences[a].pages.first, let other = sequences[b].pages.first else { return false }
        return first === other && sequences[a].length == sequences[b].length
    }

    /// The keys of a sequence in float32, `[1, Hkv, N, D]`.
    func keys(of sequence: Int) throws -> Tensor {
        let kernels = try Kernels.selected()
        let (rows, length, width) = (rows(of: sequence), sequences[sequence].length, layout.keyWidth)
        return Tensor(shape: [1, layout.heads, length, width]) { keys in
            guard let keys = keys.baseAddress else { return }
            for head in 0..<layout.heads {
                rows.forEachRun(0..<length) { part in
                    var run = rows.keys(part, head: head)
                    kernels.table.pointee.decode.read_rows(
                        &run, Int64(width), keys + (head * length + part.lowerBound) * width, width)
                }
            }
        }
    }
}
