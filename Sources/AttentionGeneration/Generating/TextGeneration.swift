import AttentionModels
import AttentionTensors

/// A text that a model generates, one token at a time, on the caller's thread.
///
/// ```swift
/// var generation = try model.generation(of: tokens, options)
/// while let token = try generation.next() { print(token.text, terminator: "") }
/// ```
///
/// It is a value: a copy goes on by itself, from the same state.
public struct TextGeneration<Model: StepModel>: Sendable {
    private let model: Model
    /// The request, its tokens so far among it.
    public private(set) var request: TextRequest<Model>

    /// The text that `request` asks for.
    public init(_ request: TextRequest<Model>, of model: Model) {
        self.model = model
        self.request = request
    }

    /// The tokens so far, and the choice of the next ones.
    public var state: GenerationState { request.text }

    /// Reads the next piece of the prompt, at most ``StepModel/promptChunk`` tokens. ``next()`` does so by
    /// itself; this one is for callers that show how far it is.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: `TensorError`, `KeyValueCacheError`, ``GenerationError``; `CancellationError` in a task that
    ///   was cancelled.
    public mutating func readPromptChunk() throws -> Bool {
        guard request.promptTokensRead < state.promptCount, state.generated.isEmpty, !request.isFinished
        else { return false }
        try step()
        return true
    }

    /// The next token; nil after the last.
    ///
    /// - Throws: `TensorError`, `KeyValueCacheError`, ``GenerationError``, what the constraint throws;
    ///   `CancellationError` in a task that was cancelled, within one token or one piece of the prompt.
    public mutating func next() throws -> GeneratedToken? {
        while true {
            if let token = request.popReady() { return token }
            if request.isFinished { return nil }
            try step()
        }
    }

    private mutating func step() throws {
        if Task.isCancelled { throw CancellationError() }
        try request.step(model, promptTokens: model.promptChunk)
    }
}
