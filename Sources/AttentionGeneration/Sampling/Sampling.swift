/// The way in which the next token is chosen from a model's logits.
///
/// The properties are the steps in their order, which is that of transformers; the default of each does
/// nothing. With a temperature of 0 the most probable token is taken, and the cuts after it do not matter.
///
/// ```swift
/// let sampling = Sampling(temperature: 0.8, topP: 0.95, seed: 7)
/// ```
public struct Sampling: Hashable, Sendable {
    /// Numbers that are added to the logits of tokens.
    public var logitBias: [Int: Float] = [:]
    /// Numbers that are added to the logit of a sequence's last token where its other tokens end the text so
    /// far. Sequences have two tokens or more.
    public var sequenceBias: [[Int]: Float] = [:]
    /// The divisor of positive and factor of negative logits of the tokens that the prompt or the text has
    /// had (arXiv:1909.05858); 1: none.
    public var repetitionPenalty: Float = 1
    /// The number that is subtracted from the logits of the tokens that were generated before.
    public var presencePenalty: Float = 0
    /// The number that is subtracted from a token's logit once for each time that it was generated before.
    public var frequencyPenalty: Float = 0
    /// The length n of the runs of tokens that prompt and text together hold only once; nil: none
    /// (arXiv:1705.04304, section 2.5).
    public var noRepeatNGram: Int?
    /// Sequences that never come: the last token is banned where the others end the text so far.
    public var bannedSequences: Set<[Int]> = []
    /// Tokens that never come.
    public var bannedTokens: Set<Int> = []
    /// The divisor of the logits; 0: the most probable token is taken.
    public var temperature: Float = 1
    /// The number of most probable tokens that are kept; nil: all. Of equals, those of the lowest ids.
    public var topK: Int?
    /// The sum of probabilities that the most probable tokens reach, which alone are kept (arXiv:1904.09751);
    /// nil: all.
    public var topP: Float?
    /// The least probability of a token, as a share of the most probable token's (arXiv:2407.01082); nil:
    /// any.
    public var minP: Float?
    /// The sum of probabilities that the tokens reach whose information is closest to the distribution's
    /// entropy, which alone are kept (arXiv:2202.00666); nil: all.
    public var typicalP: Float?
    /// The least probability of a token; nil: any. The most probable token always stays.
    public var epsilonCutoff: Float?
    /// The least probability of a token: η = min(ε, √ε · exp(−H)) with the entropy H of the tokens that are
    /// left (arXiv:2210.15191); nil: any. The most probable token always stays.
    public var etaCutoff: Float?
    /// The seed of the random numbers. The same logits and the same seed give the same tokens on every
    /// machine.
    public var seed: UInt64 = 0

    /// The most probable token, always. Of equals, that of the lowest id.
    public static let greedy = Sampling(temperature: 0)

    /// The choice of the most probable token, unless a setting says otherwise.
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
        for (name, share) in [
            ("top-p", topP), ("min-p", minP), ("typical-p", typicalP), ("epsilon cutoff", epsilonCutoff),
            ("eta cutoff", etaCutoff),
        ] {
            try Self.check(name, share ?? 1, "0 to 1") { (0...1).contains($0) }
        }
        if let topK, topK < 1 {
            throw .invalidOption(name: "top-k", expected: "1 or more", found: "\(topK)")
        }
        if let noRepeatNGram, noRepeatNGram < 1 {
            throw .invalidOption(
                name: "the length of runs that come once", expected: "1 or more", found: "\(noRepeatNGram)")
        }
        for (sequence, bias) in sequenceBias {
            try Self.check("the bias of \(sequence)", bias, "a number") { _ in true }
        }
        if let short = sequenceBias.keys.first(where: { $0.count < 2 }) {
            throw .invalidOption(
                name: "a sequence with a bias", expected: "2 tokens or more", found: "\(short)")
        }
        if bannedSequences.contains([]) {
            throw .invalidOption(name: "a banned sequence", expected: "at least one token", found: "none")
        }
        for (token, bias) in logitBias {
            try Self.check("the bias of token \(token)", bias, "a number") { _ in true }
        }
        var named = [Int](logitBias.keys) + bannedTokens
        for sequence in bannedSequences.union(sequenceBias.keys) { named += sequence }
        for token in named where !(0..<vocabulary).contains(token) {
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
