/// A set of tokens: one bit for each token of a vocabulary.
public struct TokenSet: Hashable, Sendable {
    /// V: the tokens are `0..<vocabulary`.
    public let vocabulary: Int
    /// Token `t` is bit `t % 64` of word `t / 64`; bits from ``vocabulary`` on are 0.
    package private(set) var words: [UInt64]

    /// The empty set, or the set of all tokens.
    ///
    /// - Precondition: `vocabulary` is not negative.
    public init(vocabulary: Int, isFull: Bool = false) {
        precondition(vocabulary >= 0, "a vocabulary of \(vocabulary) tokens")
        self.vocabulary = vocabulary
        words = [UInt64](repeating: isFull ? .max : 0, count: (vocabulary + 63) / 64)
        clearUnused()
    }

    /// The tokens among `tokens` that the vocabulary has.
    public init(_ tokens: some Sequence<Int>, vocabulary: Int) {
        self.init(vocabulary: vocabulary)
        for token in tokens { insert(token) }
    }

    /// - Precondition: `words` are as many as the vocabulary needs.
    package init(words: [UInt64], vocabulary: Int) {
        precondition(
            words.count == (vocabulary + 63) / 64, "\(words.count) words for \(vocabulary) tokens")
        self.vocabulary = vocabulary
        self.words = words
        clearUnused()
    }

    private mutating func clearUnused() {
        guard vocabulary % 64 != 0 else { return }
        words[words.count - 1] &= (1 << UInt64(vocabulary % 64)) - 1
    }

    /// Whether no token is in the set.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The number of tokens in the set.
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether the token is in the set.
    public func contains(_ token: Int) -> Bool {
        token >= 0 && token < vocabulary && words[token / 64] & (1 << UInt64(token % 64)) != 0
    }

    /// Adds a token; one that the vocabulary does not have is passed over.
    public mutating func insert(_ token: Int) {
        guard token >= 0, token < vocabulary else { return }
        words[token / 64] |= 1 << UInt64(token % 64)
    }

    /// Takes a token out of the set.
    public mutating func remove(_ token: Int) {
        guard token >= 0, token < vocabulary else { return }
        words[token / 64] &= ~(1 << UInt64(token % 64))
    }

    /// Adds the tokens of `other`.
    ///
    /// - Precondition: Both are of one vocabulary.
    public mutating func formUnion(_ other: TokenSet) {
        precondition(vocabulary == other.vocabulary, "sets of different vocabularies")
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Keeps the tokens that `other` has, too.
    ///
    /// - Precondition: Both are of one vocabulary.
    public mutating func formIntersection(_ other: TokenSet) {
        precondition(vocabulary == other.vocabulary, "sets of different vocabularies")
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// The tokens in ascending order.
    public var tokens: [Int] {
        var tokens: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                tokens.append(64 * index + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return tokens
    }
}
