import AttentionModels
import AttentionTensors

/// A text that a model generates, one token at a time.
///
/// ```swift
/// var generation = try model.generation(of: tokens, options)
/// while let token = try generation.next() { print(token.text, terminator: "") }
/// ```
///
/// It is a value: a copy goes on by itself, from the same cache.
public struct TextGeneration: Sendable {
    /// The request, and the tokens so far.
    public private(set) var state: GenerationState
    /// The log-probabilities of the prompt's tokens, where they were asked for, once the prompt is read. The
    /// first one has none.
    public private(set) var promptLogProbabilities: [TokenLogProbability?] = []
    /// The number of guessed tokens, and of those that were right.
    public private(set) var guesses = (made: 0, right: 0)

    private let decoder: DecoderTransformer
    private var cache: DecoderCache
    private var drafter: (any Drafter)?
    private let promptAlternatives: Int?
    /// Tokens that are chosen and not yet given out.
    private var ready: ArraySlice<GeneratedToken> = []
    /// The last token's logits, once the prompt is read and until the first token is chosen.
    private var promptLogits: Tensor?

    /// - Parameters:
    ///   - state: The request; nothing was generated yet.
    ///   - decoder: The model.
    ///   - cache: A cache of the model whose sequence 0 holds the beginning of the prompt, or nothing; nil:
    ///     an empty one. It must suit ``GenerationState/longestText``
    ///     (`DecoderTransformer.suits(_:textLength:)`).
    ///   - options: Those of the state.
    /// - Throws: `TensorError`, `KeyValueCacheError`, ``GenerationError``.
    public init(
        _ state: GenerationState, decoder: DecoderTransformer, cache: DecoderCache? = nil,
        options: GenerationOptions
    ) throws {
        self.state = state
        self.decoder = decoder
        if let cache, !decoder.suits(cache, textLength: state.longestText) {
            throw GenerationError.unsupported(
                "the cache was made for texts of another length, which have other positions in this model: "
                    + "make one with textLength: \(state.longestText)")
        }
        // The length of the text is not known before; pages are taken as it grows.
        self.cache =
            try cache
            ?? decoder.makeCache(
                capacity: state.limit, storage: options.storage, textLength: state.longestText)
        drafter = try options.speculation?.makeDrafter(
            for: decoder, capacity: state.limit, textLength: state.longestText)
        promptAlternatives = options.includesPrompt ? options.logProbabilities ?? 0 : nil
        if promptAlternatives != nil { promptLogProbabilities = [nil] }
        // Of a prompt that is known to the end, the last token is read again: its logits are wanted.
        let known = min(self.cache.lengths.first ?? 0, promptAlternatives == nil ? state.promptCount - 1 : 0)
        try self.cache.truncate(sequence: 0, to: known)
    }

    /// The cache, whose sequence 0 holds all tokens but the last one or few.
    public var currentCache: DecoderCache { cache }

    /// The number of the prompt's tokens that were read.
    public var promptTokensRead: Int { min(cache.lengths[0], state.promptCount) }

    /// Reads the next chunk of the prompt, at most `DecoderTransformer.Configuration.promptChunk` tokens.
    /// ``next()`` does so by itself; this one is for callers that show how far it is.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: `TensorError`, `KeyValueCacheError`; `CancellationError` in a task that was cancelled.
    public mutating func readPromptChunk() throws -> Bool {
        try checkCancellation()
        guard promptLogits == nil, state.generated.isEmpty, state.finish == nil else { return false }
        let rows: LogitRows = promptAlternatives == nil ? .last : .all
        var chunks = PromptChunks(
            state.promptCount, from: cache.lengths[0], by: decoder.configuration, logits: rows)
        guard let chunk = chunks.next() else { return false }
        let logits = try decoder([Array(state.tokens[chunk])], cache: &cache, logits: rows)
        try noteProbabilities(of: chunk, logits)
        if chunk.upperBound == state.promptCount { promptLogits = logits }
        return true
    }

    private mutating func noteProbabilities(of chunk: Range<Int>, _ logits: Tensor) throws {
        guard let promptAlternatives else { return }
        for (row, position) in chunk.enumerated() where position + 1 < state.promptCount {
            promptLogProbabilities.append(
                try logits.withRow(row) {
                    try TokenLogProbability(of: state.tokens[position + 1], in: $0, top: promptAlternatives)
                })
        }
    }

    /// The next token; nil after the last.
    ///
    /// - Throws: `TensorError`, `KeyValueCacheError`, ``GenerationError``, what the constraint throws;
    ///   `CancellationError` in a task that was cancelled, within one token or one chunk of the prompt.
    public mutating func next() throws -> GeneratedToken? {
        if let token = ready.popFirst() { return token }
        while try readPromptChunk() {}
        guard state.finish == nil else { return nil }
        if let logits = promptLogits {
            promptLogits = nil
            return try logits.withRow(logits.shape[0] - 1) { try state.next(from: $0) }
        }
        return try drafter == nil ? step() : speculate()
    }

    private mutating func step() throws -> GeneratedToken {
        let run = Array(state.tokens[cache.lengths[0]...])
        return try decoder([run], cache: &cache).withRow(0) { try state.next(from: $0) }
    }

    /// Lets the model read the last token and the guesses behind it, and keeps the right ones.
    private mutating func speculate() throws -> GeneratedToken? {
        let read = cache.lengths[0]
        let pending = Array(state.tokens[read...])
        let room = min(Speculation.longestRun, state.limit - read) - pending.count
        let guesses = room > 0 ? try drafter?.propose(room, after: state) ?? [] : []
        let logits = try decoder([pending + guesses], cache: &cache, logits: .all)
        var tokens: [GeneratedToken] = []
        for index in 0...guesses.count {
            let token = try logits.withRow(pending.count - 1 + index) { try state.next(from: $0) }
            tokens.append(token)
            guard token.finish == nil, index < guesses.count, guesses[index] == token.id else { break }
        }
        self.guesses.made += guesses.count
        self.guesses.right += tokens.count - 1
        try cache.truncate(sequence: 0, to: state.tokens.count - 1)
        ready = tokens[...]
        return ready.popFirst()
    }

    private func checkCancellation() throws { if Task.isCancelled { throw CancellationError() } }
}

extension Tensor {
    /// Calls `body` with a row of a matrix.
    func withRow<R>(_ row: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
        try selecting(axis: 0, row).contiguous().withUnsafeBuffer(body)
    }
}
