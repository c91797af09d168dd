/// Where a text that follows a grammar has come to, token by token: which tokens may come next.
///
/// A matcher is a value; copies go on by themselves and share what has been computed about the vocabulary.
public struct TokenMatcher: Sendable {
    /// The tokens that are matched.
    public let vocabulary: TokenVocabulary
    private let tables: TokenTables
    private var matcher: GrammarMatcher

    private static let costlySteps = 10_000

    /// A matcher before the first token.
    ///
    /// - Throws: ``GrammarMatchError`` where the beginning alone exceeds a budget.
    public init(_ grammar: Grammar, _ vocabulary: TokenVocabulary) throws(GrammarMatchError) {
        self.vocabulary = vocabulary
        tables = TokenTables(grammar.automaton, vocabulary)
        matcher = try GrammarMatcher(grammar)
    }

    /// Whether the text may end here.
    public var isComplete: Bool { matcher.isComplete }

    /// Goes on behind a token.
    ///
    /// - Throws: ``GrammarMatchError``, also for a token that is not allowed; the matcher stays where it is.
    public mutating func accept(_ token: Int) throws(GrammarMatchError) {
        guard token >= 0, token < vocabulary.count else {
            throw .noSuchToken(token, vocabulary: vocabulary.count)
        }
        let bytes = vocabulary.bytes(of: token)
        var next = matcher
        guard !bytes.isEmpty, try next.advance(bytes) else { throw .tokenNotAllowed(token) }
        matcher = next
    }

    /// The tokens that may come next: token `t` is bit `t % 64` of word `t / 64`.
    ///
    /// - Throws: ``GrammarMatchError`` where a budget is spent.
    public func allowedTokens() throws(GrammarMatchError) -> [UInt64] {
        let configuration = matcher.machine.configuration(matcher.range, limit: 512)
        if let configuration, let known = tables.set(of: configuration) { return known }
        var words = [UInt64](repeating: 0, count: (vocabulary.count + 63) / 64)
        var walk = TokenWalk(matcher.machine, vocabulary)
        walk.machine.allow(steps: GrammarLimits.stepsPerToken)
        for index in matcher.range {
            try add(walk.machine.threads[index], &walk, to: &words)
        }
        // Most sets are put together from the tables faster than they are looked up. Some are not: where a
        // rule that is called may end anywhere, much of the tree is walked.
        let spent = GrammarLimits.stepsPerToken - walk.machine.budget
        if let configuration, spent > Self.costlySteps { tables.remember(words, of: configuration) }
        return words
    }

    /// Adds what a thread allows.
    private func add(
        _ thread: GrammarMachine.Thread, _ walk: inout TokenWalk, to words: inout [UInt64]
    ) throws(GrammarMatchError) {
        let frames = tables.automaton.frames
        let rule = walk.machine.open[Int(thread.open)]
        let frame = frames[Int(rule.frame)]
        let table = try tables.table(.init(state: thread.state, round: frame.repeats ? frame.entry : 0))
        let left = frame.repeats ? frame.max - 1 - rule.count : 0
        table.add(rounds: left, to: &words)
        guard !table.exits.isEmpty else { return }

        // The rest of the tokens that end the rule: how its callers go on, byte by byte.
        let mark = walk.machine.mark
        let position = matcher.position + 1
        let callers = try walk.machine.leave(thread.open, position: position)
        for byte in 0..<256 where table.exitStarts[byte] < table.exitStarts[byte + 1] {
            let inner = walk.machine.mark
            let reached = try walk.machine.step(callers, UInt8(byte), position: position + 1)
            let isEnd = !walk.machine.endings.isEmpty
            if !reached.isEmpty || isEnd {
                for exit in table.exits[Int(table.exitStarts[byte])..<Int(table.exitStarts[byte + 1])] {
                    if frame.repeats {
                        let rounds = rule.count + exit.rounds
                        guard rounds >= frame.min, rounds <= frame.max else { continue }
                    }
                    add(tokensAt: Int(exit.node), to: &words)
                    try walk.run(below: Int(exit.node), reached, position: position + 1) { node, _, _ in
                        add(tokensAt: node, to: &words)
                    }
                }
            }
            walk.machine.cut(to: inner)
        }
        walk.machine.cut(to: mark)
    }

    private func add(tokensAt node: Int, to words: inout [UInt64]) {
        let range = Int(vocabulary.tokenStarts[node])..<Int(vocabulary.tokenStarts[node + 1])
        for token in vocabulary.tokens[range] { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }
    }
}
