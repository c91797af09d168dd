import AttentionJSON
import AttentionModels
import AttentionTemplates
import AttentionTensors
import AttentionTokenizers
import Foundation

/// A conversation with a model.
///
/// ```swift
/// let model = try LanguageModel(path: "Qwen3-0.6B-Q8_0.gguf")
/// var conversation = try Conversation(with: model, system: "Answer in one sentence.")
/// var answer = try conversation.answer(to: "Why is the sky blue?")
/// while let token = try answer.next() { print(token.text, terminator: "") }
/// try conversation.keep(answer)
/// ```
///
/// Each turn reads only new tokens: the beginning that a prompt shares with the one before stays in the
/// cache. A conversation is a value: a copy goes on by itself, and shares the cache's memory until then.
public struct Conversation: Sendable {
    /// The model that answers.
    public let model: LanguageModel
    /// The model's chat templates.
    public let format: ChatFormat
    /// The messages so far.
    public private(set) var messages: [ChatMessage]
    /// The settings of answers.
    public var options: GenerationOptions
    /// The functions that the model may call, as JSON schemas.
    public var tools: [ChatValue]?
    /// Switches that the template reads, such as `enable_thinking`.
    public var variables: [String: ChatValue] {
        // exact-text: callers have dictionaries of String.
        get { Dictionary(namedVariables.map { ($0.key.string, $0.value) }) { first, _ in first } }
        set { namedVariables = [ExactString: ChatValue](newValue) }
    }
    /// The same by the scalars of their names.
    package var namedVariables: [ExactString: ChatValue] = [:]
    /// The time that `strftime_now` in the template shows. It is one for the whole conversation: otherwise a
    /// prompt might change from its beginning on.
    public var date = Date()

    private let system: [ChatMessage]
    /// The tokens that were read.
    private var cache: DecoderCache?
    private var known: [Int] = []

    /// Begins a conversation.
    ///
    /// - Parameters:
    ///   - model: The model that answers.
    ///   - format: The chat templates; nil: those of the model's files.
    ///   - system: The system message; nil: the template decides.
    ///   - options: The settings of answers. Where they name no stop tokens, an answer ends with those of the
    ///     model and with the special token that the template writes after one.
    /// - Throws: `ChatTemplateError` where the model has no chat template, or one that cannot be used; the
    ///   errors of reading the model's files.
    public init(
        with model: LanguageModel, format: ChatFormat? = nil, system: String? = nil,
        options: GenerationOptions = GenerationOptions()
    ) throws {
        self.model = model
        self.format = try format ?? ChatFormat(model.file)
        self.system = system.map { [ChatMessage(.system, $0)] } ?? []
        messages = self.system
        self.options = options
        if options.stopTokens == nil { self.options.stopTokens = try endTokens() }
    }

    /// The tokens of the conversation as far as it was read.
    public var tokensRead: Int { known.count }

    /// Forgets everything but the system message.
    public mutating func reset() { messages = system }

    /// The answer to a message, to be generated. The conversation does not change before ``keep(_:)``.
    ///
    /// - Throws: ``ConversationError/contextFull(tokens:context:longest:)``; `ChatTemplateError` where the
    ///   template refuses the message; `TokenizerError`; `TensorError`.
    public func answer(to text: String) throws -> Answer { try answer(to: [ChatMessage(.user, text)]) }

    /// The answer to further messages, such as the results of tools.
    public func answer(to new: [ChatMessage]) throws -> Answer {
        let prompt = try format.render(
            messages + new, tools: tools, documents: nil, named: namedVariables, date: date)
        let tokens = try model.tokenizer.encode(prompt).ids
        do {
            return Answer(
                messages: new,
                generation: try model.generation(of: tokens, options, cache: cache(for: tokens)))
        } catch GenerationError.promptTooLong(let tokens, let context, let longest) {
            throw ConversationError.contextFull(tokens: tokens, context: context, longest: longest)
        }
    }

    /// Makes an answer part of the conversation, whole or as far as it got.
    ///
    /// - Throws: `TokenizerError`.
    public mutating func keep(_ answer: Answer) throws {
        let state = answer.generation.state
        var decoder = try model.tokenizer.streamDecoder(skipSpecialTokens: true)
        let text = state.generated.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
        messages += answer.messages + [ChatMessage(.assistant, text)]
        let read = answer.generation.request.state
        cache = read
        known = Array(state.tokens.prefix(read.length))
    }

    /// The cache with the beginning that these tokens share with those that were read.
    private func cache(for tokens: [Int]) throws -> DecoderCache? {
        guard var cache else { return nil }
        let common = zip(tokens, known).prefix { $0 == $1 }.count
        // Positions of longer texts may be others: then all is read again.
        let longest = GenerationState.longestText(
            promptCount: tokens.count, maximumTokens: options.maximumTokens, limit: cache.capacity)
        guard common > 0, model.decoder.suits(cache, textLength: longest) else { return nil }
        do {
            try cache.truncate(to: min(common, tokens.count - 1))
        } catch {
            // A sliding window has let go of what would be seen from there.
            return nil
        }
        return cache
    }

    /// The model's end tokens, and the special token that the template writes after an answer: models exist
    /// whose files name only one that ends documents.
    private func endTokens() throws -> Set<Int> {
        let tokenizer = try model.tokenizer
        var tokens = model.endTokens
        if let end = [ExactString: String](format.specialTokens)["eos_token"], let id = tokenizer.id(of: end)
        {
            tokens.insert(id)
        }
        let sample = [ChatMessage(.user, "a"), ChatMessage(.assistant, "b")]
        // A template may refuse this conversation, and still take others.
        guard let prompt = try? format.render(sample, addGenerationPrompt: false, date: date),
            let end = prompt.content.last?.upperBound
        else { return tokens }
        let special = Set(tokenizer.addedTokens.lazy.filter(\.isSpecial).map(\.id))
        let encoding = try tokenizer.encode(prompt)
        let after = encoding.ids.indices.first {
            encoding.offsets[$0].lowerBound >= end && special.contains(encoding.ids[$0])
        }
        if let after { tokens.insert(encoding.ids[after]) }
        return tokens
    }

    /// An answer while it is generated.
    public struct Answer: Sendable {
        fileprivate let messages: [ChatMessage]
        /// The text under way.
        public fileprivate(set) var generation: TextGeneration<DecoderTransformer>

        /// The next token; nil after the last.
        ///
        /// - Throws: As `TextGeneration.next()`.
        public mutating func next() throws -> GeneratedToken? { try generation.next() }

        /// Reads the next part of the prompt; ``next()`` does so by itself.
        ///
        /// - Returns: Whether there was one.
        public mutating func readPromptChunk() throws -> Bool { try generation.readPromptChunk() }
    }
}

/// An error that ends a conversation.
public enum ConversationError: Error, Hashable, Sendable {
    /// The conversation is as long as the context, which may be enlarged up to `longest`.
    case contextFull(tokens: Int, context: Int, longest: Int)
}

extension ConversationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .contextFull(let tokens, let context, let longest):
            "the conversation has \(tokens) tokens, and the context \(context), of which at least one must be left for "
                + "the answer: begin anew, or shorten the message"
                + (context < longest ? ", or enlarge the context, to \(longest) at most" : "")
        }
    }
}
