import AttentionTensors
import Foundation
import Synchronization

/// The settings of a ``Scheduler``.
public struct SchedulerOptions: Hashable, Sendable {
    /// The most texts that are read in one step. The others wait in the order in which they came.
    public var mostTexts = 64
    /// The most bytes that the states of all texts under way may take in the end; nil: there is no limit. A
    /// text that does not fit waits until others have ended, and so do those behind it. What a text that
    /// waits has read already, as in a conversation, does not count.
    public var memoryLimit: Int?
    /// The most tokens of prompts that are read in one step, a multiple of ``StepModel/cutLength``; nil:
    /// ``StepModel/promptChunk``. Fewer let texts under way wait less for the prompts of new ones. No text
    /// depends on it.
    public var promptTokens: Int?

    /// The usual settings.
    public init() {}
}

/// Why a scheduler does not take a text.
public enum SchedulerError: Error, Hashable, Sendable {
    /// The text alone may need more memory than all texts may take.
    case neverFits(neededBytes: Int, limit: Int)
}

extension SchedulerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .neverFits(let neededBytes, let limit):
            "the text may need \(neededBytes) bytes for its keys and values, and all texts together may take "
                + "\(limit): ask for fewer tokens, or raise the limit"
        }
    }
}

/// Generates many texts with one model: each step of the model reads the next token of every text under way,
/// and a bounded piece of the prompts of new ones, so that no prompt holds the others up.
///
/// ```swift
/// let scheduler = Scheduler(model.decoder)
/// let pages = try model.decoder.makePages()
/// async let first = scheduler.text(of: model.request(for: tokens, options, pages: pages))
/// async let second = scheduler.text(of: model.request(for: others, options, pages: pages))
/// print(try await first.text, try await second.text)
/// ```
///
/// A text is the same, to the bit, whatever runs beside it. It ends by itself, with its own error or by its
/// own cancellation, which takes at most a step; the others go on. Texts whose caches keep numbers in
/// different forms are read one after the other, so one form for all is faster. Steps run on a thread of the
/// scheduler's own. Texts under way go on when the scheduler itself is released.
public final class Scheduler<Model: StepModel>: Sendable {
    private let loop: SchedulerLoop<Model>

    /// - Parameters:
    ///   - model: The model.
    ///   - options: The settings.
    public init(_ model: Model, _ options: SchedulerOptions = SchedulerOptions()) {
        loop = SchedulerLoop(model, options)
        // Threads that wait for texts must not keep threads of Swift's tasks, so it is one of its own. It
        // computes with the worker pool of the task that made the scheduler.
        let (loop, workers) = (loop, WorkerPool.current)
        let thread = Thread { WorkerPool.$current.withValue(workers) { loop.run() } }
        thread.name = "attention-scheduler"
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { loop.close() }

    /// The tokens of a text, as they come. Leaving the loop cancels the text.
    public func tokens(of request: TextRequest<Model>) -> GeneratedTokens {
        GeneratedTokens { self.events(of: request) }
    }

    /// A text, when it has ended.
    ///
    /// - Throws: What the model, the constraint and the request throw; ``SchedulerError``;
    ///   `CancellationError` in a task that was cancelled.
    public func text(of request: TextRequest<Model>) async throws -> GeneratedText {
        for try await event in events(of: request) {
            if case .end(let text) = event { return text }
        }
        throw CancellationError()
    }

    /// The best texts of a beam search.
    func beams(of search: BeamSearch<Model>) async throws -> [Beam] {
        let (stream, continuation) = AsyncThrowingStream<[Beam], any Error>.makeStream()
        submit(ScheduledSearch(search: search, continuation: continuation), continuation)
        for try await beams in stream { return beams }
        throw CancellationError()
    }

    func events(of request: TextRequest<Model>) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
        submit(ScheduledText(request: request, continuation: continuation), continuation)
        return stream
    }

    private func submit<Element>(
        _ work: some ScheduledWork<Model>,
        _ continuation: AsyncThrowingStream<Element, any Error>.Continuation
    ) {
        let id = loop.submit(work)
        let loop = loop
        continuation.onTermination = { reason in
            if case .cancelled = reason { loop.cancel(id) }
        }
    }
}

/// A participant whose results go to a caller.
protocol ScheduledWork<Model>: StepParticipant {
    /// Hands over the results of the last step.
    mutating func deliver()
    /// Says that nothing more will come.
    func end(_ error: (any Error)?)
}

private struct ScheduledText<Model: StepModel>: ScheduledWork {
    var request: TextRequest<Model>
    let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    private var tokens: [GeneratedToken] = []

    init(
        request: TextRequest<Model>,
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) {
        self.request = request
        self.continuation = continuation
    }

    var states: [Model.State] {
        get { request.states }
        _modify { yield &request.states }
    }
    var isFinished: Bool { request.isFinished }
    var mostBytes: Int { request.mostBytes }

    mutating func nextRuns(promptTokens: Int) throws -> [StepRun] {
        try request.nextRuns(promptTokens: promptTokens)
    }

    mutating func accept(_ logits: StepLogits) throws { try request.accept(logits) }

    mutating func deliver() {
        while let token = request.popReady() {
            tokens.append(token)
            continuation.yield(.token(token))
        }
    }

    func end(_ error: (any Error)?) {
        if error == nil {
            continuation.yield(
                .end(
                    GeneratedText(
                        tokens: tokens, promptLogProbabilities: request.promptLogProbabilities,
                        meetsConstraint: request.text.meetsConstraint)))
        }
        continuation.finish(throwing: error)
    }
}

private struct ScheduledSearch<Model: StepModel>: ScheduledWork {
    var search: BeamSearch<Model>
    let continuation: AsyncThrowingStream<[Beam], any Error>.Continuation

    var states: [Model.State] {
        get { search.states }
        _modify { yield &search.states }
    }
    var isFinished: Bool { search.isFinished }
    var mostBytes: Int { search.mostBytes }

    mutating func nextRuns(promptTokens: Int) throws -> [StepRun] {
        try search.nextRuns(promptTokens: promptTokens)
    }

    mutating func accept(_ logits: StepLogits) throws { try search.accept(logits) }
    mutating func deliver() {}

    func end(_ error: (any Error)?) {
        if error == nil { continuation.yield(search.results) }
        continuation.finish(throwing: error)
    }
}
