import AttentionGrammars
import AttentionTokenizers

/// Keeps generated text within a grammar.
///
/// Special tokens are never allowed, and the text may end exactly where the grammar allows it. Tokens that
/// end within a character are allowed where a character that the grammar allows can follow.
///
/// ```swift
/// let vocabulary = TokenVocabulary(tokenizer, count: model.configuration.vocabulary)
/// let constraint = try GrammarConstraint(grammar: Grammar(jsonSchema: schema), vocabulary: vocabulary)
/// ```
public struct GrammarConstraint: TokenConstraint {
    private var matcher: TokenMatcher

    /// A constraint before the first token.
    ///
    /// Copies share what has been found out about the vocabulary, so that many texts under one grammar start
    /// best as copies of one constraint.
    ///
    /// - Parameters:
    ///   - grammar: The language of the texts.
    ///   - vocabulary: The texts of the tokens. All constraints of a model can share it; making it takes
    ///     longer than anything else here.
    /// - Throws: `GrammarMatchError` where the grammar's beginning alone exceeds a budget.
    public init(grammar: Grammar, vocabulary: TokenVocabulary) throws(GrammarMatchError) {
        matcher = try TokenMatcher(grammar, vocabulary)
    }

    public func allowedTokens() throws(GrammarMatchError) -> TokenSet {
        TokenSet(words: try matcher.allowedTokens(), vocabulary: matcher.vocabulary.count)
    }

    public mutating func accept(_ token: Int) throws(GrammarMatchError) { try matcher.accept(token) }

    public var isComplete: Bool { matcher.isComplete }
}

extension TokenVocabulary {
    /// The tokens of a tokenizer.
    ///
    /// - Parameter count: V, where the model has more or fewer than the tokenizer; those that the tokenizer
    ///   does not know are never allowed.
    public convenience init(_ tokenizer: Tokenizer, count: Int? = nil) {
        let last = tokenizer.addedTokens.map(\.id).max() ?? -1
        let count = count ?? Swift.max(tokenizer.vocabularySize, last + 1)
        self.init((0..<count).map { tokenizer.bytes(ofToken: $0) })
    }
}
