import AttentionTokenizers

/// A request under way: its tokens, and the choice of the next one from the model's logits.
///
/// It computes nothing: a ``TextRequest`` lets a model read the tokens, and hands the state the logits.
///
/// A state is a value, and the tokens of one do not depend on those of others.
public struct GenerationState: Sendable {
    /// The prompt's tokens and those that were generated.
    public private(set) var tokens: [Int]
    /// The number of ``tokens`` that are the prompt's.
    public let promptCount: Int
    /// Why the text ended; nil: it has not.
    public private(set) var finish: FinishReason?
    /// The most tokens.
    public let limit: Int

    private(set) var chooser: TokenChooser
    private var text: SettledText
    /// The tokens that end the text, each one that the model has.
    let stopTokens: Set<Int>
    private let maximumTokens: Int
    private let logProbabilities: Int?
    private let isConstrained: Bool

    /// - Parameters:
    ///   - prompt: At least one token.
    ///   - options: The settings.
    ///   - vocabulary: V
    ///   - endTokens: The tokens that end a text, unless the options name others.
    ///   - tokenizer: The tokenizer that makes text of tokens; nil: there is no text.
    ///   - context: The most tokens of prompt and text.
    ///   - longestContext: The most that the context may be, which an error names; nil: as many.
    /// - Throws: ``GenerationError``; what the constraint throws.
    public init(
        prompt: [Int], options: GenerationOptions, vocabulary: Int, endTokens: Set<Int>,
        tokenizer: Tokenizer?, context: Int, longestContext: Int? = nil
    ) throws {
        guard !prompt.isEmpty else { throw GenerationError.emptyPrompt }
        if let token = prompt.first(where: { !(0..<vocabulary).contains($0) }) {
            throw GenerationError.unknownToken(token, vocabulary: vocabulary)
        }
        guard prompt.count < context else {
            throw GenerationError.promptTooLong(
                tokens: prompt.count, context: context, longest: longestContext ?? context)
        }
        guard options.maximumTokens > 0 else {
            throw GenerationError.invalidOption(
                name: "the number of tokens", expected: "1 or more", found: "\(options.maximumTokens)")
        }
        if let count = options.logProbabilities, !(0...vocabulary).contains(count) {
            throw GenerationError.invalidOption(
                name: "the number of log-probabilities", expected: "0 to \(vocabulary)", found: "\(count)")
        }
        if let token = options.stopTokens?.first(where: { !(0..<vocabulary).contains($0) }) {
            throw GenerationError.unknownToken(token, vocabulary: vocabulary)
        }
        if tokenizer == nil, !options.stopStrings.isEmpty {
            throw GenerationError.unsupported("stop strings need a tokenizer, and the model has none")
        }
        tokens = prompt
        promptCount = prompt.count
        limit = context
        stopTokens = (options.stopTokens ?? endTokens).filter { (0..<vocabulary).contains($0) }
        chooser = try TokenChooser(
            options, endTokens: stopTokens, prompt: prompt,
            limit: Self.longestText(
                promptCount: prompt.count, maximumTokens: options.maximumTokens, limit: context),
            vocabulary: vocabulary)
        text = try SettledText(options, tokenizer: tokenizer, prompt: prompt)
        maximumTokens = options.maximumTokens
        logProbabilities = options.logProbabilities
        isConstrained = options.constraint != nil
        if chooser.isComplete { finish = .complete }
    }

    /// The most tokens that there can be in the end.
    public var longestText: Int {
        Self.longestText(promptCount: promptCount, maximumTokens: maximumTokens, limit: limit)
    }

    /// The same of a text that is not begun yet. A prompt beyond the limit gets no more tokens.
    static func longestText(promptCount: Int, maximumTokens: Int, limit: Int) -> Int {
        promptCount + min(maximumTokens, max(limit - promptCount, 0))
    }

    /// Whether the text so far is all that the constraint asks for; true without a constraint. A text that
    /// ends for another reason, such as ``FinishReason/maximumTokens``, may be the beginning of one only. So
    /// may a text that a stop string has cut.
    public var meetsConstraint: Bool {
        if isConstrained, case .stopString = finish { return false }
        return chooser.meetsConstraint
    }

    /// The tokens that were generated.
    public var generated: ArraySlice<Int> { tokens[promptCount...] }

    /// Chooses the next token.
    ///
    /// - Parameter logits: `[V]`, of what follows all of ``tokens``.
    /// - Throws: ``GenerationError``; what the constraint throws.
    /// - Precondition: ``finish`` is nil.
    public mutating func next(from logits: UnsafeBufferPointer<Float>) throws -> GeneratedToken {
        precondition(finish == nil, "the text has ended")
        let token = try chooser.next(from: logits)
        tokens.append(token)
        if stopTokens.contains(token) {
            finish = .stopToken(token)
        } else if chooser.isComplete {
            finish = .complete
        } else if generated.count == maximumTokens {
            finish = .maximumTokens
        } else if tokens.count == limit {
            finish = .context
        }
        let (piece, match) = text.append(token, isLast: finish != nil)
        if let match { finish = .stopString(match) }
        return GeneratedToken(
            id: token, text: piece,
            logProbability: try logProbabilities.map {
                try TokenLogProbability(of: token, in: logits, top: $0)
            },
            finish: finish)
    }
}

/// The text of the tokens that are generated, up to a stop string.
private struct SettledText: Sendable {
    private var decoder: StreamDecoder?
    private var stops: StopMatcher

    init(_ options: GenerationOptions, tokenizer: Tokenizer?, prompt: [Int]) throws {
        stops = try StopMatcher(options.stopStrings)
        decoder = tokenizer?.streamDecoder(skipSpecialTokens: options.skipsSpecialTokens)
        // The text goes on where the prompt ends: with the space that a first word would not have, and with
        // the rest of a character that the prompt's last token begins.
        for token in prompt.suffix(8) { _ = decoder?.append(token) }
    }

    /// The text that is settled by the next token, and the stop string at which it ends.
    mutating func append(_ token: Int, isLast: Bool) -> (text: String, match: String?) {
        guard decoder != nil else { return ("", nil) }
        var piece = decoder?.append(token) ?? ""
        if isLast { piece += decoder?.finish() ?? "" }
        var (text, match) = stops.append(piece)
        if isLast, match == nil { text += stops.finish() }
        return (text, match)
    }
}
