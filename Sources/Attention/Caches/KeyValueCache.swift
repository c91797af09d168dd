import AttentionTensors

/// The keys and values of one layer for the past positions of some sequences: the next step of a decoder
/// attends to them.
///
///     var cache = try KeyValueCache(sequences: 2, capacity: 4096, layout: layout)
///     try cache.append(keys: k, values: v)                 // [B, Hkv, N, D], [B, Hkv, N, Dv]
///     let output = try attention(query: q, cache: cache)   // [B, Hq, N, Dv]
///
/// Sequences have lengths of their own. Positions are absolute: the first one appended is 0. A cache is a
/// value; copies, and sequences that begin alike, share memory until one of them writes to it.
///
/// A layer whose mask is a sliding window needs a cache with the same ``window``: it forgets the positions
/// that no later query can see, a page at a time, and its answers have the same bits as those of a cache that
/// keeps everything.
public struct KeyValueCache: Sendable {
    /// The heads and widths, and the form in which numbers are kept.
    public let layout: KeyValueLayout
    /// The most positions of a sequence.
    public internal(set) var capacity: Int
    /// The number of positions, its own included, that a query sees; nil: all. Positions further back are
    /// forgotten as a sequence grows.
    public let window: Int?

    /// The source of pages; nil: every sequence has one page for its whole capacity.
    let pool: KeyValuePagePool?
    /// Positions of a page.
    let pageLength: Int
    var sequences: [Sequence]

    /// The positions of one sequence.
    struct Sequence: Sendable {
        var length = 0
        /// The first position that is kept.
        var first = 0
        /// The pages from that of ``first`` on.
        var pages: [KeyValuePage] = []
        /// Whether keys or values were watched when they were appended. A cache keeps numbers alone, so
        /// attention over it has to refuse gradients.
        var isRecorded = false
        /// Whether the positions are a source, which nothing is appended to.
        var isSource = false
    }

    /// Positions of a page where a window is kept in the cache's own pages. 64 to 256 are alike.
    static let windowPageLength = 64

    /// A cache with contiguous memory, all allocated here. If the window is shorter than the capacity, the
    /// memory is pages of the cache's own instead, which are used again and again.
    ///
    /// - Parameters:
    ///   - sequences: How many sequences there are at first.
    ///   - capacity: The most positions of each, those that a window forgets included.
    ///   - layout: What a position keeps.
    ///   - window: How many positions a query sees; nil: all.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public init(
        sequences: Int, capacity: Int, layout: KeyValueLayout, window: Int? = nil
    ) throws(TensorError) {
        guard sequences >= 0, window ?? 1 > 0 else {
            throw .invalidArgument(
                "a key/value cache of \(sequences) sequences"
                    + (window.map { " with a window of \($0)" } ?? ""))
        }
        _ = try layout.pageBytes(capacity)
        self.layout = layout
        self.capacity = capacity
        self.window = window
        pool =
            window ?? .max < capacity
            ? try KeyValuePagePool(layout: layout, pageLength: Self.windowPageLength, pageLimit: .max) : nil
        pageLength = pool?.pageLength ?? max(capacity, 1)
        self.sequences = []
        for _ in 0..<sequences { addSequence() }
    }

    /// A cache that takes pages of `pool` as sequences grow.
    ///
    /// - Parameters:
    ///   - sequences: How many sequences there are at first.
    ///   - capacity: The most positions of each; nil: all that the pool has.
    ///   - pool: Where pages come from; other caches may share it.
    ///   - window: How many positions a query sees; nil: all.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public init(
        sequences: Int, capacity: Int? = nil, pool: KeyValuePagePool, window: Int? = nil
    ) throws(TensorError) {
        guard sequences >= 0, capacity ?? 0 >= 0, window ?? 1 > 0 else {
            throw .invalidArgument(
                "a key/value cache of \(sequences) sequences of \(capacity ?? 0) positions"
                    + (window.map { ", with a window of \($0)" } ?? ""))
        }
        layout = pool.layout
        self.window = window
        self.capacity = min(capacity ?? .max, (1 << 30) - 1)
        self.pool = pool
        pageLength = pool.pageLength
        self.sequences = [Sequence](repeating: Sequence(), count: sequences)
    }

    /// The number of sequences.
    public var count: Int { sequences.count }
    /// The number of positions of each sequence.
    public var lengths: [Int] { sequences.map(\.length) }

    /// The positions of a sequence that the cache holds: all, or at least those that the next query's window
    /// reaches.
    ///
    /// - Throws: ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public func keptPositions(of sequence: Int) throws(KeyValueCacheError) -> Range<Int> {
        try check(sequence)
        return sequences[sequence].first..<sequences[sequence].length
    }

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

    /// Adds a sequence that begins like another one, and returns its index. The two share memory until one of
    /// them writes to it; of a paged cache, only the page that it writes to is copied.
    ///
    /// - Parameters:
    ///   - other: The sequence to begin like.
    ///   - length: How many positions they have in common; nil: all.
    /// - Throws: ``KeyValueCacheError``, as for ``truncate(sequence:to:)``.
    @discardableResult public mutating func addSequence(
        copying other: Int, length: Int? = nil
    ) throws(KeyValueCacheError) -> Int {
        try check(other)
        let length = length ?? sequences[other].length
        try checkCut(of: other, to: length)
        sequences.append(sequences[other])
        let copy = sequences.count - 1
        cut(copy, to: length)
        if length < sequences[other].length { sequences[copy].isSource = false }
        return copy
    }

    /// Removes a sequence and gives back its memory; those behind it move up.
    ///
    /// - Throws: ``KeyValueCacheError/noSuchSequence(_:count:)``.
    public mutating func removeSequence(_ sequence: Int) throws(KeyValueCacheError) {
        try check(sequence)
        sequences.remove(at: sequence)
    }

    /// Forgets the positions from `length` on, such as those of rejected guesses. The latest append can
    /// always be taken back; a cache with a window can go back further only while it holds all positions that
    /// a query at `length` sees.
    ///
    /// - Throws: ``KeyValueCacheError`` if there is no such sequence, it is shorter, or its window has moved
    ///   on.
    public mutating func truncate(sequence: Int, to length: Int) throws(KeyValueCacheError) {
        try checkCut(of: sequence, to: length)
        cut(sequence, to: length)
        if length == 0 { sequences[sequence].isSource = false }
    }

    package func checkCut(of sequence: Int, to length: Int) throws(KeyValueCacheError) {
        try check(sequence)
        let (current, first) = (sequences[sequence].length, sequences[sequence].first)
        guard length >= 0, length <= current else {
            throw .cannotTruncate(sequence: sequence, length: current, to: length)
        }
        guard !sequences[sequence].isSource || length == 0 || length == current else {
            throw .isSource(sequence: sequence)
        }
        guard length == 0 || first <= firstSeen(at: length) else {
            throw .forgotten(sequence: sequence, first: first, to: length)
        }
    }

    private mutating func cut(_ sequence: Int, to length: Int) {
        sequences[sequence].length = length
        if length == 0 { (sequences[sequence].first, sequences[sequence].isRecorded) = (0, false) }
        guard pool != nil else { return }
        let first = sequences[sequence].first / pageLength
        let kept = length == 0 ? 0 : (length + pageLength - 1) / pageLength - first
        sequences[sequence].pages.removeLast(sequences[sequence].pages.count - kept)
    }

    /// The first position that a query at `position` sees.
    func firstSeen(at position: Int) -> Int { window.map { max(position - ($0 - 1), 0) } ?? 0 }

    func check(_ sequence: Int) throws(KeyValueCacheError) {
        guard sequences.indices.contains(sequence) else {
            throw .noSuchSequence(sequence, count: sequences.count)
        }
    }
}
