import AttentionTensors

/// The choice of tokens from logits, behind the tokens that were chosen so far.
///
/// The choice of the token at a position is a function of the logits, the tokens before, the seed and the
/// position: there is no generator whose state goes on. So a text that is taken up again goes on as it would
/// have, and guesses ahead are drawn with the same numbers.
///
/// It is the same function on every machine: exponentials are plain multiplications and additions, and sums
/// have one order. (The logits themselves differ between instruction sets in their last bits.)
public struct Sampler: Sendable {
    /// The settings.
    public let sampling: Sampling
    /// V
    public let vocabulary: Int
    private let key: RandomKey
    private let scan: LogitScan
    private var rules: LogitRules

    /// - Parameters:
    ///   - sampling: How tokens are chosen.
    ///   - vocabulary: V
    ///   - prompt: The tokens before those that are generated. The repetition penalty counts them, and
    ///     sequences that are banned or come once may begin among them.
    /// - Throws: ``GenerationError`` for options that make no sense, and for tokens that there are not;
    ///   `TensorError` if `ATTENTION_ISA` names an instruction set that is not there.
    public init(_ sampling: Sampling, vocabulary: Int, prompt: some Sequence<Int> = []) throws {
        try sampling.check(vocabulary: vocabulary)
        self.sampling = sampling
        self.vocabulary = vocabulary
        key = RandomKey(seed: sampling.seed)
        scan = try LogitScan()
        rules = LogitRules(sampling, prompt: prompt)
    }

    /// Goes on behind a token that was generated.
    public mutating func accept(_ token: Int) { rules.note(generated: token) }

    /// The token at `position`.
    ///
    /// - Parameters:
    ///   - position: The token's place in the sequence, which chooses the random number.
    ///   - logits: `[V]`
    ///   - allowed: The tokens that may come; nil: all.
    /// - Throws: ``GenerationError/notFinite(position:)``, ``GenerationError/nothingAllowed(position:)``.
    /// - Precondition: `logits` and `allowed` are of the vocabulary.
    public func token(
        at position: Int, from logits: UnsafeBufferPointer<Float>, allowed: TokenSet? = nil
    ) throws(GenerationError) -> Int {
        try token(at: position, from: logits, allowed: allowed, raising: nil)
    }

    /// - Parameter raised: Tokens whose logits are raised by their magnitude times a factor.
    func token(
        at position: Int, from logits: UnsafeBufferPointer<Float>, allowed: TokenSet?,
        raising raised: (tokens: Set<Int>, factor: Float)?
    ) throws(GenerationError) -> Int {
        try withAdjusted(logits, allowed, position, raised) { logits, maximum, maximaOfBlocks in
            if sampling.isGreedy { return Self.first(maximum, of: logits, maximaOfBlocks) }
            return Candidates(logits, maximum: maximum, maximaOfBlocks: maximaOfBlocks, scan, sampling)
                .token(at: random(at: position))
        }
    }

    /// The tokens that may be drawn at `position`, and how probable each is.
    ///
    /// - Throws: as ``token(at:from:allowed:)``.
    public func probabilities(
        at position: Int, from logits: UnsafeBufferPointer<Float>, allowed: TokenSet? = nil
    ) throws(GenerationError) -> [Int: Float] {
        try withAdjusted(logits, allowed, position) { logits, maximum, maximaOfBlocks in
            if sampling.isGreedy { return [Self.first(maximum, of: logits, maximaOfBlocks): 1] }
            return Candidates(logits, maximum: maximum, maximaOfBlocks: maximaOfBlocks, scan, sampling)
                .probabilities
        }
    }

    private func withAdjusted<Result>(
        _ logits: UnsafeBufferPointer<Float>, _ allowed: TokenSet?, _ position: Int,
        _ raised: (tokens: Set<Int>, factor: Float)? = nil,
        _ body: (UnsafeBufferPointer<Float>, _ maximum: Float, _ maximaOfBlocks: [Float]) -> Result
    ) throws(GenerationError) -> Result {
        precondition(logits.count == vocabulary, "\(logits.count) logits for \(vocabulary) tokens")
        if let allowed {
            precondition(allowed.vocabulary == vocabulary, "a set of \(allowed.vocabulary) tokens")
        }
        func scanned(_ logits: UnsafeBufferPointer<Float>) throws(GenerationError) -> Result {
            let maxima = scan.maxima(of: logits)
            guard let maximum = maxima.greatest else { throw .notFinite(position: position) }
            guard maximum > -.infinity else { throw .nothingAllowed(position: position) }
            return body(logits, maximum, maxima.ofBlocks)
        }
        if rules.isEmpty, allowed == nil, raised == nil { return try scanned(logits) }
        let adjusted = Tensor(shape: [vocabulary]) { adjusted in
            _ = adjusted.initialize(fromContentsOf: logits)
            rules.apply(to: adjusted)
            if let raised { Self.raise(raised.tokens, in: adjusted, by: raised.factor) }
            allowed?.exclude(from: adjusted)
        }
        return try adjusted.withUnsafeBuffer(scanned)
    }

    /// Raises finite logits by their magnitude times a factor.
    static func raise(
        _ tokens: Set<Int>, in logits: UnsafeMutableBufferPointer<Float>, by factor: Float
    ) {
        for token in tokens where logits[token].isFinite { logits[token] += abs(logits[token]) * factor }
    }

    private static func first(
        _ maximum: Float, of logits: UnsafeBufferPointer<Float>, _ maximaOfBlocks: [Float]
    ) -> Int {
        var token = (maximaOfBlocks.firstIndex(of: maximum) ?? 0) * LogitScan.block
        while token < logits.count - 1, logits[token] != maximum { token += 1 }
        return token
    }

    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    private func random(at position: Int) -> Double {
        let place = UInt32(truncatingIfNeeded: position)
        let words = (key.word(low: place, high: 0), key.word(low: place, high: 1))
        return Double((UInt64(words.0) << 32 | UInt64(words.1)) >> 11) * 0x1p-53
    }
}

extension TokenSet {
    /// Makes the logits of all other tokens −∞.
    func exclude(from logits: UnsafeMutableBufferPointer<Float>) {
        for (index, word) in words.enumerated() where word != .max {
            let tokens = 64 * index..<min(64 * index + 64, logits.count)
            if word == 0 {
                UnsafeMutableBufferPointer(rebasing: logits[tokens]).update(repeating: -.infinity)
            } else {
                for token in tokens where word & (1 << UInt64(token & 63)) == 0 { logits[token] = -.infinity }
            }
        }
    }
}
