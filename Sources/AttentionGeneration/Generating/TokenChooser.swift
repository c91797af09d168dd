/// Which tokens come next, without their text: what a copy of goes ahead of the model with guesses.
struct TokenChooser: Sendable {
    private(set) var sampler: Sampler
    private var constraint: (any TokenConstraint)?
    private let endTokens: Set<Int>
    /// What may come next; nil: everything.
    private var allowed: TokenSet?
    /// The place of the next token in the sequence.
    private(set) var position: Int
    /// Whether the constraint admits nothing more.
    private(set) var isComplete = false

    /// - Parameters:
    ///   - prompt: All tokens so far.
    ///   - endTokens: The tokens that end the text, each one that the model has.
    init(
        _ sampling: Sampling, constraint: (any TokenConstraint)?, endTokens: Set<Int>, prompt: [Int],
        vocabulary: Int
    ) throws {
        sampler = try Sampler(sampling, vocabulary: vocabulary, prompt: prompt)
        self.constraint = constraint
        self.endTokens = endTokens
        position = prompt.count
        try updateAllowed()
    }

    private mutating func updateAllowed() throws {
        guard let constraint else { return }
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
        self.allowed = allowed
    }

    /// Chooses the next token, and goes on behind it.
    mutating func next(from logits: UnsafeBufferPointer<Float>) throws -> Int {
        let token = try sampler.token(at: position, from: logits, allowed: allowed)
        sampler.accept(token)
        position += 1
        if constraint != nil, !endTokens.contains(token) {
            try constraint?.accept(token)
            try updateAllowed()
        }
        return token
    }
}
