/// Rules for the tokens at certain places of a text, beside its constraint.
public struct PositionRules: Hashable, Sendable {
    /// The number of generated tokens before which the text does not end.
    public var minimumTokens = 0
    /// The number of tokens of prompt and text before which the text does not end.
    public var minimumLength = 0
    /// Tokens that are not the first one of the text.
    public var bannedFirstTokens: Set<Int> = []
    /// The token that follows a prompt of a single token.
    public var forcedFirstToken: Int?
    /// The tokens one of which is the last that fits into the text.
    public var forcedLastTokens: Set<Int> = []
    /// The growth of the probability of the tokens that end a text; nil: none.
    public var endGrowth: EndGrowth?

    /// From the token `start + 1` on, the logits of the tokens that end a text grow by their magnitude times
    /// `factor^k − 1`, where k counts the tokens from there.
    public struct EndGrowth: Hashable, Sendable {
        /// The number of generated tokens from which the growth begins.
        public var start: Int
        /// The growth with each token; above 1 it makes an end more probable.
        public var factor: Float

        /// A growth by `factor` with each token from the token `start + 1` on.
        public init(start: Int, factor: Float) { (self.start, self.factor) = (start, factor) }
    }

    /// No rule.
    public init() {}

    /// Whether there is no rule.
    var isEmpty: Bool { self == PositionRules() }

    /// - Throws: ``GenerationError``.
    func check(vocabulary: Int) throws(GenerationError) {
        for (name, count) in [("number", minimumTokens), ("length", minimumLength)] where count < 0 {
            throw .invalidOption(
                name: "the least \(name) of tokens", expected: "0 or more", found: "\(count)")
        }
        let named = bannedFirstTokens.union(forcedLastTokens).union(forcedFirstToken.map { [$0] } ?? [])
        for token in named where !(0..<vocabulary).contains(token) {
            throw .unknownToken(token, vocabulary: vocabulary)
        }
        if let endGrowth, !(endGrowth.factor.isFinite && endGrowth.factor > 0 && endGrowth.start >= 0) {
            throw .invalidOption(
                name: "the growth of end tokens", expected: "a start from 0 and a factor above 0",
                found: "\(endGrowth.start) and \(endGrowth.factor)")
        }
    }
}

/// The place of the next token.
struct TextPosition: Hashable, Sendable {
    /// The number of the prompt's tokens.
    let prompt: Int
    /// The number of tokens that were generated.
    let generated: Int
    /// The most tokens of prompt and text.
    let limit: Int

    var length: Int { prompt + generated }
}

extension PositionRules {
    /// Restricts the tokens that may come next.
    ///
    /// A constraint comes first: a token is forced only where the constraint admits it, and where it admits
    /// nothing but an end, the text ends.
    ///
    /// - Parameters:
    ///   - allowed: The tokens that the constraint admits, ends included; nil: all.
    ///   - endTokens: The tokens that end a text.
    /// - Returns: The tokens that may come; nil: all.
    func restrict(
        _ allowed: TokenSet?, at position: TextPosition, endTokens: Set<Int>, vocabulary: Int
    ) -> TokenSet? {
        let all = allowed ?? TokenSet(vocabulary: vocabulary, isFull: true)
        var rest = all
        if position.generated < minimumTokens || position.length < minimumLength {
            for token in endTokens { rest.remove(token) }
        }
        if let token = forcedFirstToken, position.length == 1 { rest = Self.forced([token], rest, all) }
        if !forcedLastTokens.isEmpty, position.length == position.limit - 1 {
            rest = Self.forced(forcedLastTokens, rest, all)
        }
        // Behind a forced first token, the text begins one token later.
        let first = forcedFirstToken != nil && position.prompt == 1 ? 1 : 0
        if position.generated == first { for token in bannedFirstTokens { rest.remove(token) } }
        return rest == all && allowed == nil ? nil : rest.isEmpty && allowed != nil ? all : rest
    }

    private static func forced(_ tokens: Set<Int>, _ rest: TokenSet, _ all: TokenSet) -> TokenSet {
        var forced = TokenSet(tokens, vocabulary: all.vocabulary)
        forced.formIntersection(all)
        return forced.isEmpty ? rest : forced
    }

    /// The factor by which the logits of end tokens grow, times their magnitude; nil: they do not.
    func endFactor(at position: TextPosition) -> Float? {
        guard let endGrowth, position.generated > endGrowth.start else { return nil }
        // A product in one order, so that it is the same on every machine.
        var power: Float = 1
        for _ in 0..<position.generated - endGrowth.start { power *= endGrowth.factor }
        return power.isFinite ? power - 1 : .greatestFiniteMagnitude
    }
}
