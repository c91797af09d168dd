import Attention
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
    ) throws -> TextGeneration<DecoderTransformer> {
        TextGeneration(try request(for: tokens, options, cache: cache), of: decoder)
    }

    /// The same text as a request, for a ``Scheduler`` that generates many at once.
    ///
    /// - Parameters:
    ///   - tokens: The prompt, taken as it is.
    ///   - options: The settings.
    ///   - cache: As for ``generation(of:_:cache:)``.
    ///   - pages: Memory that the text shares with others; nil: memory of its own. Its form counts, not that
    ///     of the options.
    /// - Throws: As ``generation(of:_:cache:)``.
    public func request(
        for tokens: [Int], _ options: GenerationOptions = GenerationOptions(), cache: DecoderCache? = nil,
        pages: DecoderPages? = nil
    ) throws -> TextRequest<DecoderTransformer> {
        let text = try state(of: tokens, options)
        // The length of the text is not known before; pages are taken as it grows.
        let empty = try cache ?? emptyCache(for: text, storage: options.storage, pages)
        return try TextRequest(text, state: empty, of: decoder, options: options)
    }

    func emptyCache(
        for text: GenerationState, storage: KeyValueStorage, _ pages: DecoderPages?
    ) throws -> DecoderCache {
        try decoder.makeCache(
            capacity: text.limit, pages: pages ?? decoder.makePages(storage: storage),
            textLength: text.longestText)
    }

    /// The tokens of a request, and the choice of the next ones.
    ///
    /// - Throws: ``GenerationError``; what the constraint throws.
    func state(of tokens: [Int], _ options: GenerationOptions) throws -> GenerationState {
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
    /// It is generated on a thread of its own, not on those of Swift's tasks. Where the loop is left or its
    /// task cancelled, the computation ends within one token or one piece of the prompt. The loop throws the
    /// errors. A ``Scheduler`` generates several texts faster than one after the other.
    public func generate(
        _ prompt: String, _ options: GenerationOptions = GenerationOptions()
    ) -> GeneratedTokens {
        GeneratedTokens { try generate(of: tokenize(prompt: prompt), options) }
    }

    /// The text that follows some tokens, as it comes.
    public func generate(
        tokens: [Int], _ options: GenerationOptions = GenerationOptions()
    ) -> GeneratedTokens {
        GeneratedTokens { try generate(of: tokens, options) }
    }

    private func generate(
        of tokens: [Int], _ options: GenerationOptions
    ) throws -> AsyncThrowingStream<GenerationEvent, any Error> {
        Scheduler(decoder).events(of: try request(for: tokens, options))
    }
}
