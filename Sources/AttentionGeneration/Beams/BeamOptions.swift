import Attention

/// What is asked of a beam search.
public struct BeamOptions: Sendable {
    /// How many texts are followed at once.
    public var beams: Int
    /// How many are returned at most.
    public var results: Int
    /// The most tokens that are generated.
    public var maximumTokens: Int
    /// A text's score is the sum of its tokens' log-probabilities, divided by the number of tokens to this
    /// power: above 0 for longer texts, below for shorter ones.
    public var lengthPenalty: Float = 1
    public var earlyStopping = EarlyStopping.whenUnlikely
    /// The tokens that end a text; nil: those that the model's files name.
    public var stopTokens: Set<Int>?
    /// What each text has to follow, such as a grammar.
    public var constraint: (any TokenConstraint)?
    /// The most tokens of prompt and text together; nil: what the model was made for.
    public var context: Int?
    public var storage = KeyValueStorage.float32

    /// When the search ends before texts are as long as they may be.
    public enum EarlyStopping: String, Hashable, Sendable, CaseIterable {
        /// As soon as as many texts have ended as there are beams.
        case whenFull
        /// When, besides, the best text under way would not be among them if it ended now.
        case whenUnlikely
        /// When, besides, it could not even at the length that suits it best.
        case never
    }

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
}
