/// The effect of every token in one state of a rule. It does not depend on the rule's callers, so that it is
/// computed once and used wherever the state comes up.
///
/// A token may stay within the rule and what it calls; then it is allowed. Or it may end the rule before its
/// own end; then the rest of it is a matter of the callers, who differ, and the table says where in the tree
/// the rule ended. (The split is XGrammar's: Dong et al., "XGrammar: flexible and efficient structured
/// generation engine for large language models", 2024.)
///
/// In a repetition `{m,n}` both depend on how many rounds are left. The table is made without bounds and says
/// how many rounds each needs, so that one serves all bounds and all places in them.
struct TokenTable: Sendable {
    /// Where the tree goes on behind a place where the rule ended.
    struct Exit: Sendable {
        var node: Int32
        /// How many rounds of the repetition were finished there; 0 without one.
        var rounds: Int32
    }

    /// The allowed tokens, by the rounds that must be left, ascending.
    private let tokens: [Int32]
    /// The number of tokens that need at most so many rounds.
    private let tokenEnds: [Int32]
    /// All tokens as a set, where they are many.
    private let words: [UInt64]
    /// The exits by the byte that follows, and where those of each byte begin.
    let exits: [Exit]
    let exitStarts: [Int32]

    /// - Parameters:
    ///   - accepted: tokens with the rounds that they need.
    ///   - exits: all of them, in any order.
    init(accepted: [(token: Int32, rounds: Int32)], exits: [Exit], _ vocabulary: TokenVocabulary) {
        let most = Int(accepted.max { $0.rounds < $1.rounds }?.rounds ?? 0)
        var ends = [Int32](repeating: 0, count: most + 1)
        for (_, rounds) in accepted { ends[Int(rounds)] += 1 }
        for rounds in ends.indices.dropFirst() { ends[rounds] += ends[rounds - 1] }
        var places = [0] + ends.dropLast().map(Int.init)
        var tokens = [Int32](repeating: 0, count: accepted.count)
        for (token, rounds) in accepted {
            tokens[places[Int(rounds)]] = token
            places[Int(rounds)] += 1
        }
        self.tokens = tokens
        tokenEnds = ends
        let wordCount = (vocabulary.count + 63) / 64
        var words: [UInt64] = []
        if tokens.count > wordCount {
            words = [UInt64](repeating: 0, count: wordCount)
            for token in tokens { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }
        }
        self.words = words
        (self.exits, exitStarts) = Self.sorted(exits, vocabulary)
    }

    private static func sorted(
        _ exits: [Exit], _ vocabulary: TokenVocabulary
    ) -> (exits: [Exit], starts: [Int32]) {
        guard !exits.isEmpty else { return ([], []) }
        var starts = [Int32](repeating: 0, count: 257)
        for exit in exits { starts[Int(vocabulary.bytes[Int(exit.node)]) + 1] += 1 }
        for byte in 0..<256 { starts[byte + 1] += starts[byte] }
        var places = starts
        var sorted = exits
        for exit in exits {
            let byte = Int(vocabulary.bytes[Int(exit.node)])
            sorted[Int(places[byte])] = exit
            places[byte] += 1
        }
        return (sorted, starts)
    }

    /// Adds the allowed tokens to a set.
    ///
    /// - Parameter rounds: how many rounds are left.
    func add(rounds: Int32, to set: inout [UInt64]) {
        if Int(rounds) >= tokenEnds.count - 1, !words.isEmpty {
            for index in set.indices { set[index] |= words[index] }
            return
        }
        let count = Int(tokenEnds[Swift.min(Int(rounds), tokenEnds.count - 1)])
        for token in tokens[..<count] { set[Int(token) >> 6] |= 1 << UInt64(token & 63) }
    }

    /// About how much memory the table takes.
    var byteCount: Int { 4 * tokens.count + 8 * words.count + 8 * exits.count + 1200 }
}
