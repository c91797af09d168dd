import Attention

/// The settings of a beam search.
public struct BeamOptions: Sendable {
    /// The number of texts that are followed at once.
    public var beams: Int
    /// The most texts that are returned.
    public var results: Int
    /// The most tokens that are generated.
    public var maximumTokens: Int
    /// A text's score is the sum of its tokens' log-probabilities, divided by the number of tokens to this
    /// power: above 0 for longer texts, below for shorter ones.
    public var lengthPenalty: Float = 1
    /// When the search ends.
    public var earlyStopping = EarlyStopping.whenUnlikely
    /// The biases, penalties and bans of tokens, which change their log-probabilities. Nothing is drawn:
    /// temperature and cuts do not count.
    public var sampling = Sampling.greedy
    /// Tokens that may or must not come at certain places of a text.
    public var rules = PositionRules()
    /// The tokens that end a text; nil: those that the model's files name.
    public var stopTokens: Set<Int>?
    /// The constraint that each text follows, such as a grammar.
    public var constraint: (any TokenConstraint)?
    /// The most tokens of prompt and text together; nil: as many as the model was made for.
    public var context: Int?
    /// The form in which the keys and values of tokens that were read are kept.
    public var storage = KeyValueStorage.float32

    /// The rule by which a search ends before texts have their greatest length.
    public enum EarlyStopping: String, Hashable, Sendable, CaseIterable {
        /// The search ends when the number of ended texts equals the number of beams.
        case whenFull
        /// Also, the best unfinished text would not be among them if it ended now.
        case whenUnlikely
        /// Also, the best unfinished text could not be among them at any length.
        case never
    }

    /// A search with every other setting at its usual value.
    public init(beams: Int, results: Int = 1, maximumTokens: Int = 256) {
        self.beams = beams
        self.results = results
        self.maximumTokens = maximumTokens
    }
}

/// A text that a beam search found.
public struct Beam: Hashable, Sendable {
    /// The tokens that were generated, the one that ends the text included.
    public let tokens: [Int]
    /// The sum of their log-probabilities over their number to the power of the length penalty.
    public let score: Float
    /// Whether the text is all that the constraint asks for; true without a constraint. A text that ends at
    /// the most tokens may be the beginning of one only.
    public let meetsConstraint: Bool
}
