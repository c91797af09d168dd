import AttentionModels
import AttentionTokenizers

extension LanguageModel {
    /// The tokens of a prompt, with those that the model expects before a text.
    ///
    /// - Throws: `TokenizerError`; ``GenerationError/emptyPrompt`` for an empty text where texts begin with
    ///   no token.
    public func tokenize(prompt: String) throws -> [Int] {
        let ids = try tokenizer.encode(prompt).ids
        guard !ids.isEmpty else { throw GenerationError.emptyPrompt }
        return ids
    }

    /// The text that follows some tokens, to be generated token by token.
    ///
    /// - Parameters:
    ///   - tokens: The prompt, taken as it is.
    ///   - options: The settings.
    ///   - cache: A cache that holds the beginning of the prompt, and suits the text
    ///     (`DecoderTransformer.suits(_:textLength:)`).
    /// - Throws: ``GenerationError`` for options that make no sense and a prompt that is too long;
    ///   `TensorError`.
    public func generation(
        of tokens: [Int], _ options: GenerationOptions = GenerationOptions(), cache: DecoderCache? = nil
    ) throws -> TextGeneration {
        try TextGeneration(state(of: tokens, options), decoder: decoder, cache: cache, options: options)
    }

    /// The request that ``generation(of:_:cache:)`` begins with, for callers that drive several at once.
    ///
    /// - Throws: ``GenerationError``; what the constraint throws.
    public func state(of tokens: [Int], _ options: GenerationOptions) throws -> GenerationState {
        try GenerationState(
            prompt: tokens, options: options, vocabulary: decoder.configuration.vocabulary,
            endTokens: endTokens, tokenizer: try? tokenizer, context: context(options),
            longestContext: decoder.configuration.longestSequence)
    }

    private func context(_ options: GenerationOptions) throws -> Int {
        let longest = decoder.configuration.longestSequence
        guard let context = options.context else { return longest }
        guard (1...longest).contains(context) else {
            throw GenerationError.invalidOption(
                name: "the context", expected: "1 to \(longest), which the model was made for",
                found: "\(context)")
        }
        return context
    }

    /// The text that follows a prompt, as it comes.
    ///
    /// ```swift
    /// for try await token in model.generate("Once upon a time") { print(token.text, terminator: "") }
    /// ```
    ///
    /// Each token is computed when the loop asks for it. Where the loop is left or its task cancelled, the
    /// computation ends within one token or one chunk of the prompt. The loop throws the errors.
    public func generate(
        _ prompt: String, _ options: GenerationOptions = GenerationOptions()
    ) -> GeneratedTokens {
        GeneratedTokens { try generation(of: tokenize(prompt: prompt), options) }
    }

    /// The text that follows some tokens, as it comes.
    public func generate(
        tokens: [Int], _ options: GenerationOptions = GenerationOptions()
    ) -> GeneratedTokens {
        GeneratedTokens { try generation(of: tokens, options) }
    }
}

/// The tokens of a text, as they are generated.
public struct GeneratedTokens: AsyncSequence, Sendable {
    public typealias Element = GeneratedToken

    private let begin: @Sendable () throws -> TextGeneration

    init(_ begin: @escaping @Sendable () throws -> TextGeneration) { self.begin = begin }

    public func makeAsyncIterator() -> Iterator { Iterator(begin: begin) }

    /// Computes each token when it is asked for.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let begin: @Sendable () throws -> TextGeneration
        private var generation: TextGeneration?

        fileprivate init(begin: @escaping @Sendable () throws -> TextGeneration) { self.begin = begin }

        /// - Throws: As ``TextGeneration/next()``; what loading the prompt throws.
        public mutating func next() async throws -> GeneratedToken? {
            try Task.checkCancellation()
            if generation == nil { generation = try begin() }
            return try generation?.next()
        }
    }
}
