/// How the next token is chosen from a model's logits.
///
/// The steps, in the order of their members; each is left out by its default. With a temperature of 0 the
/// most probable token is taken, whatever cuts the distribution after it.
///
/// ```swift
/// let sampling = Sampling(temperature: 0.8, topP: 0.95, seed: 7)
/// ```
public struct Sampling: Hashable, Sendable {
    /// What is added to the logits of some tokens.
    public var logitBias: [Int: Float] = [:]
    /// Divides the positive and multiplies the negative logits of the tokens that the prompt or the text has
    /// had (arXiv:1909.05858); 1: none.
    public var repetitionPenalty: Float = 1
    /// Is subtracted from the logits of the tokens that were generated before.
    public var presencePenalty: Float = 0
    /// Is subtracted from the logit of a token once for each time that it was generated before.
    public var frequencyPenalty: Float = 0
    /// Tokens that never come.
    public var bannedTokens: Set<Int> = []
    /// Divides the logits; 0: the most probable token is taken.
    public var temperature: Float = 1
    /// Only the so many most probable tokens are kept; nil: all. Of equals, those of the lowest ids.
    public var topK: Int?
    /// Only the most probable tokens are kept, as many as it takes for their probabilities to add up to this
    /// (arXiv:1904.09751); nil: all.
    public var topP: Float?
    /// Only tokens at least this many times as probable as the most probable one are kept (arXiv:2407.01082);
    /// nil: all.
    public var minP: Float?
    /// Only the tokens whose information is closest to the distribution's entropy are kept, as many as it
    /// takes for their probabilities to add up to this (arXiv:2202.00666); nil: all.
    public var typicalP: Float?
    /// What makes the choice one of many; the same numbers and the same seed give the same tokens everywhere.
    public var seed: UInt64 = 0

    /// The most probable token, always. Of equals, that of the lowest id.
    public static let greedy = Sampling(temperature: 0)

    public init(
        temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil,
        typicalP: Float? = nil, seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.typicalP = typicalP
        self.seed = seed
    }

    /// Whether the most probable token is taken. A temperature so small that nothing can be divided by it
    /// counts as 0.
    public var isGreedy: Bool { !(1 / temperature).isFinite }

    /// - Throws: ``GenerationError/invalidOption(name:expected:found:)``,
    ///   ``GenerationError/unknownToken(_:vocabulary:)``.
    func check(vocabulary: Int) throws(GenerationError) {
        try Self.check("temperature", temperature, "0 or more") { $0 >= 0 }
        try Self.check("repetition penalty", repetitionPenalty, "more than 0") { $0 > 0 }
        try Self.check("presence penalty", presencePenalty, "a number") { _ in true }
        try Self.check("frequency penalty", frequencyPenalty, "a number") { _ in true }
        for (name, share) in [("top-p", topP), ("min-p", minP), ("typical-p", typicalP)] {
            try Self.check(name, share ?? 1, "0 to 1") { (0...1).contains($0) }
        }
        if let topK, topK < 1 {
            throw .invalidOption(name: "top-k", expected: "1 or more", found: "\(topK)")
        }
        for (token, bias) in logitBias {
            try Self.check("the bias of token \(token)", bias, "a number") { _ in true }
        }
        for token in [Int](logitBias.keys) + bannedTokens where !(0..<vocabulary).contains(token) {
            throw .unknownToken(token, vocabulary: vocabulary)
        }
    }

    private static func check(
        _ name: String, _ value: Float, _ expected: String, _ isValid: (Float) -> Bool
    ) throws(GenerationError) {
        guard value.isFinite, isValid(value) else {
            throw .invalidOption(name: name, expected: expected, found: "\(value)")
        }
    }
}
