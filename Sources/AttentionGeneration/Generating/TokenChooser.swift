/// The choice of the next tokens, without their text. A copy goes ahead of the model with guesses.
struct TokenChooser: Sendable {
    private(set) var sampler: Sampler
    private var constraint: (any TokenConstraint)?
    private let rules: PositionRules
    private let endTokens: Set<Int>
    /// The tokens that may come next; nil: all.
    private var allowed: TokenSet?
    private(set) var position: TextPosition
    /// Whether the constraint admits nothing more.
    private(set) var isComplete = false
    /// Whether the text may end here by the constraint; true without one.
    var meetsConstraint: Bool { constraint?.isComplete ?? true }

    /// - Parameters:
    ///   - options: The request.
    ///   - endTokens: The tokens that end the text, each one that the model has.
    ///   - prompt: All tokens so far.
    ///   - limit: The most tokens of prompt and text.
    init(
        _ options: GenerationOptions, endTokens: Set<Int>, prompt: [Int], limit: Int, vocabulary: Int
    ) throws {
        var sampling = options.sampling
        // An end cannot be banned as a sequence, as in transformers; as a token it can.
        for token in endTokens { sampling.bannedSequences.remove([token]) }
        sampler = try Sampler(sampling, vocabulary: vocabulary, prompt: prompt)
        try options.rules.check(vocabulary: vocabulary)
        constraint = options.constraint
        rules = options.rules
        self.endTokens = endTokens
        position = TextPosition(prompt: prompt.count, generated: 0, limit: limit)
        try updateAllowed()
    }

    private mutating func updateAllowed() throws {
        allowed = try allowedByConstraint()
        guard !rules.isEmpty else { return }
        allowed = rules.restrict(
            allowed, at: position, endTokens: endTokens, vocabulary: sampler.vocabulary)
    }

    private mutating func allowedByConstraint() throws -> TokenSet? {
        guard let constraint else { return nil }
        var allowed = try constraint.allowedTokens()
        guard allowed.vocabulary == sampler.vocabulary else {
            throw GenerationError.unsupported(
                "the constraint is made for \(allowed.vocabulary) tokens, "
                    + "and the model has \(sampler.vocabulary)")
        }
        for token in endTokens { allowed.remove(token) }
        if constraint.isComplete {
            isComplete = allowed.isEmpty
            for token in endTokens { allowed.insert(token) }
        }
        return allowed
    }

    /// Chooses the next token, and goes on behind it.
    mutating func next(from logits: UnsafeBufferPointer<Float>) throws -> Int {
        let token = try sampler.token(
            at: position.length, from: logits, allowed: allowed,
            raising: rules.endFactor(at: position).map { (endTokens, $0) })
        sampler.accept(token)
        position = TextPosition(
            prompt: position.prompt, generated: position.generated + 1, limit: position.limit)
        if constraint != nil || !rules.isEmpty, !endTokens.contains(token) {
            try constraint?.accept(token)
            try updateAllowed()
        }
        return token
    }
}
