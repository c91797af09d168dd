import Attention

/// What is asked of a model besides the prompt.
public struct GenerationOptions: Sendable {
    /// How each token is chosen.
    public var sampling: Sampling
    /// The most tokens that are generated.
    public var maximumTokens: Int
    /// The tokens that end the text; nil: those that the model's files name.
    public var stopTokens: Set<Int>?
    /// Strings that end the text. They are not part of it, and may begin and end within tokens.
    public var stopStrings: [String] = []
    /// What the text has to follow, such as a grammar.
    public var constraint: (any TokenConstraint)?
    /// The log-probability of each generated token, and of so many of the most probable ones beside it; nil:
    /// none.
    public var logProbabilities: Int?
    /// Whether the log-probabilities of the prompt's tokens are wanted, too. Needs ``logProbabilities``.
    public var includesPrompt = false
    /// Whether special tokens such as `</s>` are left out of the text.
    public var skipsSpecialTokens = true
    /// The most tokens of prompt and text together; nil: what the model was made for.
    public var context: Int?
    /// How keys and values of tokens that were read are kept.
    public var storage = KeyValueStorage.float32
    /// Who guesses tokens ahead, so that the model reads several at once; nil: nobody. The tokens do not
    /// depend on it.
    public var speculation: Speculation?

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
    /// Nothing may follow what the constraint asks for.
    case complete
    /// As many tokens were generated as were asked for.
    case maximumTokens
    /// Prompt and text fill the context.
    case context
}

/// A token that was generated, with the text that it settles.
public struct GeneratedToken: Hashable, Sendable {
    public let id: Int
    /// What can be said of the text since the token before: empty where the token ends within a character, or
    /// within what may become a stop string.
    public let text: String
    /// How probable the model held it; where that was asked for.
    public let logProbability: TokenLogProbability?
    /// Why it is the last one; nil: it is not.
    public let finish: FinishReason?
}
