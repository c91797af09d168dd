/// An operation that a key/value cache cannot do.
public enum KeyValueCacheError: Error, Hashable, Sendable {
    /// The sequence holds `length` positions of at most `capacity`, and `appending` more do not fit.
    case full(sequence: Int, length: Int, capacity: Int, appending: Int)
    /// The pool holds `free` pages, and `needed` are needed.
    case outOfPages(needed: Int, free: Int)
    /// The cache has `count` sequences.
    case noSuchSequence(Int, count: Int)
    /// A sequence of `length` positions cannot be cut to `newLength`.
    case cannotTruncate(sequence: Int, length: Int, to: Int)
    /// A sequence whose window has moved on holds the positions from `first` on, and cannot be cut to `to`,
    /// where more would be seen.
    case forgotten(sequence: Int, first: Int, to: Int)
    /// The sequence holds a source, which is written once and whole.
    case isSource(sequence: Int)
    /// The sequence holds no source.
    case isNoSource(sequence: Int)
    /// The sequence holds `length` positions, and a source needs an empty one.
    case isNotEmpty(sequence: Int, length: Int)
    /// The saved sequence does not fit this cache.
    case cannotRestore(source: String, field: String, expected: String, found: String)
}

extension KeyValueCacheError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .full(let sequence, let length, let capacity, let appending):
            "the key/value cache is full: sequence \(sequence) holds \(length) of \(capacity) positions, "
                + "and \(appending) more do not fit"
        case .outOfPages(let needed, let free):
            "the key/value cache needs \(needed) more pages, and its pool has \(free)"
        case .noSuchSequence(let sequence, let count):
            "the key/value cache has no sequence \(sequence): there are \(count)"
        case .cannotTruncate(let sequence, let length, let newLength):
            "sequence \(sequence) of the key/value cache holds \(length) positions "
                + "and cannot be cut to \(newLength)"
        case .forgotten(let sequence, let first, let length):
            "sequence \(sequence) of the key/value cache keeps a window, now from position "
                + "\(first) on, and cannot be cut to \(length): read its tokens again"
        case .isSource(let sequence):
            "sequence \(sequence) of the key/value cache holds a source: it is written once and whole, "
                + "and queries look at it from outside"
        case .isNoSource(let sequence):
            "sequence \(sequence) of the key/value cache holds no source: write one first"
        case .isNotEmpty(let sequence, let length):
            "sequence \(sequence) of the key/value cache holds \(length) positions, "
                + "and a source needs an empty one"
        case .cannotRestore(let source, let field, let expected, let found):
            "\(source) does not fit this key/value cache: its \(field) should be \(expected), and is \(found)"
        }
    }
}
