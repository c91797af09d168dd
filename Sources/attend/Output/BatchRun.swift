import Attention
import AttentionGeneration
import AttentionModels
import Foundation

/// A batch on its way from the input to the answers.
struct BatchRun: Sendable {
    private let model: LanguageModel
    private let requests: BatchRequests
    private let scheduler: Scheduler<DecoderTransformer>
    private let pages: Result<DecoderPages, any Error>
    private let modelName: String
    /// The most lines that are under way, so that neither requests nor answers of all lines are in memory.
    private let window: Int

    /// The numbers of a batch at its end.
    struct Outcome: Sendable {
        var answered = 0
        var errors = 0
        fileprivate var promptTokens = 0
        fileprivate var tokens = 0
        fileprivate var time = Duration.zero

        var statistics: String {
            let seconds = time / .seconds(1)
            return "attend: \(promptTokens) tokens read and \(tokens) generated in "
                + String(format: "%.2f s (%.1f generated a second)\n", seconds, Double(tokens) / seconds)
        }
    }

    private struct Answer: Sendable {
        let index: Int
        let line: [UInt8]
        var isError = false
        var promptTokens = 0
        var tokens = 0
    }

    private enum Event: Sendable {
        case answer(Answer)
        case interrupted
    }

    init(
        _ model: LanguageModel, _ requests: BatchRequests, scheduling: SchedulerOptions,
        storage: KeyValueStorage, modelName: String
    ) {
        self.model = model
        self.requests = requests
        self.modelName = modelName
        scheduler = Scheduler(model.decoder, scheduling)
        pages = Result { try model.decoder.makePages(storage: storage) }
        window = 8 * scheduling.mostTexts
    }

    /// Answers all lines that have no answer, or as many as there are before Ctrl-C.
    func run(writingTo answers: BatchAnswers) throws -> Outcome {
        let bar = ProgressBar(
            "lines", total: requests.lines.count, isEnabled: !answers.isTerminal)
        defer { bar.finish() }
        return try waiting { try await run(writingTo: answers, bar) }
    }

    private func run(writingTo answers: BatchAnswers, _ bar: ProgressBar) async throws -> Outcome {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                while !Interruption.isAsked { try await Task.sleep(for: .milliseconds(50)) }
                return .interrupted
            }
            var outcome = Outcome(answered: answers.count, errors: answers.errors)
            var next = answers.count
            // Answers that came before those of earlier lines.
            var early: [Int: Answer] = [:]
            bar.update(outcome.answered)
            while outcome.answered < requests.lines.count {
                while next < min(requests.lines.count, outcome.answered + window) {
                    let (index, request) = (next, requests.request(next))
                    group.addTask { .answer(try await answer(index, request)) }
                    next += 1
                }
                guard case .answer(let answer)? = try await group.next() else { break }
                early[answer.index] = answer
                while let answer = early.removeValue(forKey: outcome.answered) {
                    try answers.write(answer.line)
                    outcome.answered += 1
                    outcome.errors += answer.isError ? 1 : 0
                    outcome.promptTokens += answer.promptTokens
                    outcome.tokens += answer.tokens
                }
                bar.update(outcome.answered)
            }
            group.cancelAll()
            outcome.time = start.duration(to: .now)
            return outcome
        }
    }

    private func answer(
        _ index: Int, _ line: (id: JSON?, request: Result<BatchRequests.Request, any Error>)
    ) async throws -> Answer {
        let id = line.id.map { [("id", $0)] } ?? []
        do {
            let request = try line.request.get()
            let text = try await scheduler.text(
                of: model.request(for: request.tokens, request.options, pages: pages.get()))
            return Answer(
                index: index, line: JSON.object(id + members(text, request)).line,
                promptTokens: request.tokens.count, tokens: text.tokens.count)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return Answer(
                index: index, line: JSON.object(id + [("error", .string(message(error)))]).line, isError: true
            )
        }
    }

    private func members(_ text: GeneratedText, _ request: BatchRequests.Request) -> [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("prompt_tokens", .integer(request.tokens.count)),
            ("tokens", .integers(text.tokens.map(\.id))), ("text", .string(text.text)),
            ("finish", .string(text.finish.name)),
        ]
        if requests.hasConstraint {
            members.append(("whole", .bool(text.meetsConstraint)))
        }
        if request.options.logProbabilities != nil {
            members.append(("logprobs", .array(text.tokens.map { JSON($0.logProbability) })))
        }
        if !request.options.sampling.isGreedy {
            members.append(("seed", JSON(seed: request.options.sampling.seed)))
        }
        return members
    }

    private func message(_ error: any Error) -> String {
        if case GenerationError.notFinite = error { return Failure.overflow(of: modelName).message }
        return Failure(error)?.message ?? "\(error)"
    }
}
