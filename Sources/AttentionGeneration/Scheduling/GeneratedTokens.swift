/// The tokens of a text, as they are generated.
public struct GeneratedTokens: AsyncSequence, Sendable {
    public typealias Element = GeneratedToken

    private let begin: @Sendable () throws -> AsyncThrowingStream<GenerationEvent, any Error>

    /// - Parameter begin: Begins the text when the loop does.
    init(_ begin: @escaping @Sendable () throws -> AsyncThrowingStream<GenerationEvent, any Error>) {
        self.begin = begin
    }

    public func makeAsyncIterator() -> Iterator { Iterator(begin: begin) }

    /// Waits for each token.
    public struct Iterator: AsyncIteratorProtocol {
        private let begin: @Sendable () throws -> AsyncThrowingStream<GenerationEvent, any Error>
        private var events: AsyncThrowingStream<GenerationEvent, any Error>.Iterator?

        fileprivate init(
            begin: @escaping @Sendable () throws -> AsyncThrowingStream<GenerationEvent, any Error>
        ) {
            self.begin = begin
        }

        /// - Throws: What the model, the constraint and the request throw; `CancellationError` in a task that
        ///   was cancelled.
        public mutating func next() async throws -> GeneratedToken? {
            try Task.checkCancellation()
            if events == nil { events = try begin().makeAsyncIterator() }
            while let event = try await events?.next() {
                if case .token(let token) = event { return token }
            }
            // A stream in a cancelled task ends as if there were nothing more.
            try Task.checkCancellation()
            return nil
        }
    }
}

/// A message from a text under way to its reader.
enum GenerationEvent: Sendable {
    case token(GeneratedToken)
    case end(GeneratedText)
}

/// A text that was generated, to its end.
public struct GeneratedText: Sendable {
    /// The tokens, the one that ends the text included.
    public let tokens: [GeneratedToken]
    /// The log-probabilities of the prompt's tokens, where they were asked for. The first one has none.
    public let promptLogProbabilities: [TokenLogProbability?]
    /// Whether the text is all that the constraint asks for; true without a constraint.
    public let meetsConstraint: Bool

    /// The text itself, up to a stop string.
    public var text: String { tokens.map(\.text).joined() }
    /// Why it ended. A constraint that admits nothing at all ends it without a token.
    public var finish: FinishReason { tokens.last?.finish ?? .complete }
}
