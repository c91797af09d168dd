import Attention

/// The settings of a text that a model generates.
public struct GenerationOptions: Sendable {
    /// The way in which each token is chosen.
    public var sampling: Sampling
    /// Tokens that may or must not come at certain places of the text.
    public var rules = PositionRules()
    /// The most tokens that are generated.
    public var maximumTokens: Int
    /// The tokens that end the text; nil: those that the model's files name.
    public var stopTokens: Set<Int>?
    /// Strings that end the text. They are not part of it, and may begin and end within tokens.
    public var stopStrings: [String] = []
    /// The constraint that the text follows, such as a grammar. ``GenerationState/meetsConstraint`` says
    /// whether a text that has ended is whole.
    public var constraint: (any TokenConstraint)?
    /// The number of most probable tokens whose log-probabilities are given beside that of each generated
    /// token; nil: none.
    public var logProbabilities: Int?
    /// Whether the log-probabilities of the prompt's tokens are given, too. Needs ``logProbabilities``.
    public var includesPrompt = false
    /// Whether special tokens such as `</s>` are left out of the text.
    public var skipsSpecialTokens = true
    /// The most tokens of prompt and text together; nil: as many as the model was made for.
    public var context: Int?
    /// The form in which the keys and values of tokens that were read are kept.
    public var storage = KeyValueStorage.float32
    /// The way in which tokens are guessed ahead, so that the model reads several at once; nil: none. The
    /// tokens do not depend on it.
    public var speculation: Speculation?

    /// A request with every other setting at its usual value.
    public init(sampling: Sampling = .greedy, maximumTokens: Int = 256) {
        self.sampling = sampling
        self.maximumTokens = maximumTokens
    }
}

/// Why a text ended.
public enum FinishReason: Hashable, Sendable {
    /// A token that ends the text, which is the last one generated.
    case stopToken(Int)
    /// A string that ends the text, which it does not contain.
    case stopString(String)
    /// The constraint admits nothing more.
    case complete
    /// As many tokens were generated as were asked for.
    case maximumTokens
    /// Prompt and text fill the context.
    case context
}

/// A token that was generated, with the text that it settles.
public struct GeneratedToken: Hashable, Sendable {
    /// The token.
    public let id: Int
    /// The text that is settled since the token before: empty where the token ends within a character, or
    /// within the beginning of a stop string.
    public let text: String
    /// The token's log-probability, where that was asked for.
    public let logProbability: TokenLogProbability?
    /// Why it is the last one; nil: it is not.
    public let finish: FinishReason?
}
