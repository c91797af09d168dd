import AttentionTensors

/// The keys and values that one layer has computed for the positions of some sequences: what a decoder's next step
/// attends to.
///
///     var cache = try KeyValueCache(sequences: 2, capacity: 4096, layout: layout)
///     try cache.append(keys: k, values: v)                 // [B, Hkv, N, D], [B, Hkv, N, Dv]
///     let output = try attention(query: q, cache: cache)   // [B, Hq, N, Dv]
///
/// Sequences have lengths of their own. Positions are absolute: the first one appended is 0. A cache is a value; copies,
/// and sequences that begin alike, share memory until one of them writes to it.
public struct KeyValueCache: Sendable {
    public let layout: KeyValueLayout
    /// The most positions of a sequence.
    public let capacity: Int

    /// Where pages come from; nil: every sequence has one page for its whole capacity.
    let pool: KeyValuePagePool?
    /// Positions of a page.
    let pageLength: Int
    var sequences: [Sequence]

    /// The positions of one sequence.
    struct Sequence: Sendable {
        var length = 0
        var pages: [KeyValuePage] = []
    }

    /// Contiguous memory, taken at once: nothing is allocated later.
    ///
    /// - Parameters:
    ///   - sequences: How many sequences there are at first.
    ///   - capacity: The most positions of each.
    ///   - layout: What a position keeps.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public init(sequences: Int, capacity: Int, layout: KeyValueLayout) throws(TensorError) {
        guard sequences >= 0 else { throw .invalidArgument("a key/value cache of \(sequences) sequences") }
        _ = try layout.pageBytes(capacity)
        self.layout = layout
        self.capacity = capacity
        pool = nil
        pageLength = max(capacity, 1)
        self.sequences = []
        for _ in 0..<sequences { addSequence() }
    }

    /// Pages of `pool`, taken as sequences grow.
    ///
    /// - Parameters:
    ///   - sequences: How many sequences there are at first.
    ///   - capacity: The most positions of each; nil: all that the pool has.
    ///   - pool: Where pages come from; other caches may share it.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public init(sequences: Int, capacity: Int? = nil, pool: KeyValuePagePool) throws(TensorError) {
        guard sequences >= 0, capacity ?? 0 >= 0 else {
            throw .invalidArgument(
                "a key/value cache of \(sequences) sequences of \(capacity ?? 0) positions")
        }
        layout = pool.layout
        self.capacity = min(capacity ?? .max, (1 << 30) - 1)
        self.pool = pool
        pageLength = pool.pageLength
        self.sequences = [Sequence](repeating: Sequence(), count: sequences)
    }

    /// How many sequences there are.
    public var count: Int { sequences.count }
    /// The number of positions of each sequence.
    public var lengths: [Int] { sequences.map(\.length) }

    /// The bytes of the pages that the sequences hold; a page that several share counts once for each.
    public var byteCount: Int {
        sequences.reduce(0) { $0 + $1.pages.reduce(0) { $0 + $1.storage.byteCount } }
    }

    // MARK: - Sequences

    /// Adds an empty sequence, and returns its index.
    @discardableResult public mutating func addSequence() -> Int {
        var sequence = Sequence()
        if pool == nil {
            // Checked by the initialiser.
            let bytes = layout.bytesPerPosition * capacity
            sequence.pages = [KeyValuePage(TensorStorage(byteCount: bytes))]
        }
        sequences.append(sequence)
        return sequences.count - 1
    }

    /// Adds a sequence that begins like another one, and returns its index. The two share memory until one of them
    /// writes to it; of a paged cache, only the page that it writes to is copied.
    ///
    /// - Parameters:
    ///   - other: The sequence to begin like.
    ///   - length: How many positions they have in common; nil: all.
    /// - Throws: ``KeyValueCacheError``.
    @discardableResult public mutating func addSequence(
        copying other: Int, length: Int? = nil
    ) throws(KeyValueCacheError) -> Int {
        try check(other)
        sequences.append(sequences[other])
        let copy = sequences.count - 1
        do {
            try truncate(sequence: copy, to: length ?? sequences[copy].length)
        } catch {
            sequences.removeLast()
            throw .cannotTruncate(
                sequence: other, length: sequences[other].length, to: length ?? sequences[other].length)
        }
        return copy
    }

    /// Removes a sequence and gives back its memory; those behind it move up.
    ///
    /// - Throws: ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public mutating func removeSequence(_ sequence: Int) throws(KeyValueCacheError) {
        try check(sequence)
        sequences.remove(at: sequence)
    }

    /// Forgets the positions from `length` on: those that speculation got wrong, or all.
    ///
    /// - Throws: ``KeyValueCacheError`` if there is no such sequence, or it is shorter.
    public mutating func truncate(sequence: Int, to length: Int) throws(KeyValueCacheError) {
        try check(sequence)
        let current = sequences[sequence].length
        guard length >= 0, length <= current else {
            throw .cannotTruncate(sequence: sequence, length: current, to: length)
        }
        sequences[sequence].length = length
        if pool != nil {
            let kept = (length + pageLength - 1) / pageLength
            sequences[sequence].pages.removeLast(sequences[sequence].pages.count - kept)
        }
    }

    func check(_ sequence: Int) throws(KeyValueCacheError) {
        guard sequences.indices.contains(sequence) else {
            throw .noSuchSequence(sequence, count: sequences.count)
        }
    }
}
