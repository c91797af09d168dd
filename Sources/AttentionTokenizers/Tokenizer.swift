import AttentionJSON

/// Makes tokens of text and text of tokens, as a model's own files say.
///
/// The stages, each of which is one of several kinds: added tokens are found in the text, the rest is
/// normalised, cut into words, each word into the pieces of the vocabulary, and the tokens are put together
/// with the special ones that the model expects. A tokenizer does not change, so that any number of tasks
/// can use one at once.
///
/// ```swift
/// let tokenizer = try Tokenizer(path: "all-MiniLM-L6-v2")
/// let encoding = try tokenizer.encode("Attention is all you need.", maxLength: 256)
/// print(encoding.ids, tokenizer.decode(encoding.ids))
/// ```
public struct Tokenizer: Sendable {
    var normalizer: (any TextNormalizer)?
    let preTokenizer: (any PreTokenizer)?
    let model: any TokenModel
    let postProcessor: (any PostProcessor)?
    let decoder: (any TokenDecoder)?
    var added: AddedTokens

    /// The truncation that the tokenizer's file asks for.
    /// ``encode(_:pair:addSpecialTokens:maxLength:strategy:side:)`` cuts only where it is told to.
    public let truncation: Truncation?
    /// The padding that the tokenizer's file asks for.
    public let padding: Padding?
    /// The greatest number of tokens that the model takes, where `tokenizer_config.json` says so.
    public internal(set) var modelMaxLength: Int?

    /// The tokens that are found in text as a whole, such as `[MASK]`.
    public var addedTokens: [AddedToken] { added.tokens }

    /// The number of different tokens.
    public var vocabularySize: Int {
        model.vocabulary.count + added.tokens.count { model.vocabulary.token(of: $0.id) == nil }
    }

    /// The number of different tokens without those that are added behind the model's vocabulary.
    package var baseVocabularySize: Int { model.vocabulary.count }

    /// The id of a token, nil for what is none.
    public func id(of token: String) -> Int? {
        added.id(of: ExactString(token)) ?? model.vocabulary.id(of: token)
    }

    /// The token of an id, nil for what is none.
    public func token(of id: Int) -> String? {
        added.token(of: id)?.content ?? model.vocabulary.token(of: id)
    }
}
