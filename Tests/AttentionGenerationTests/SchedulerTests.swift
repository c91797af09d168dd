import Attention
import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Texts that a scheduler generates are those that each gives alone.
@Suite struct SchedulerTests {
    /// Random prompts with random settings, the same for a seed.
    private struct Requests {
        var generator: SeededGenerator
        let model: LanguageModel

        init(seed: UInt64, _ model: LanguageModel) {
            generator = SeededGenerator(seed: seed)
            self.model = model
        }

        mutating func next() throws -> (tokens: [Int], options: GenerationOptions) {
            let tokens = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                Int.random(in: 0..<64, using: &generator)
            }
            var options = GenerationOptions(
                sampling: Sampling.samples[Int.random(in: 0..<4, using: &generator)],
                maximumTokens: Int.random(in: 1...24, using: &generator))
            options.sampling.seed = UInt64.random(in: 0...99, using: &generator)
            options.stopTokens = [Int.random(in: 0..<64, using: &generator)]
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: options.constraint = Countdown(length: Int.random(in: 1...9, using: &generator))
            case 1: options.constraint = Failing(after: Int.random(in: 0...6, using: &generator))
            case 2: options.speculation = .lookup
            case 3:
                options.logProbabilities = 2
                options.includesPrompt = true
            case 4: options.logProbabilities = 0
            case 5: options.context = min(tokens.count + Int.random(in: 1...20, using: &generator), 64)
            default: break
            }
            return (tokens, options)
        }
    }

    /// The outcome of a text, to be compared.
    private struct Outcome: Equatable {
        var tokens: [GeneratedToken] = []
        var prompt: [TokenLogProbability?] = []
        var meetsConstraint = true
        var error: String?
    }

    private static func alone(
        _ model: LanguageModel, _ tokens: [Int], _ options: GenerationOptions
    ) -> Outcome {
        var outcome = Outcome()
        do {
            var generation = try model.generation(of: tokens, options)
            while let token = try generation.next() { outcome.tokens.append(token) }
            outcome.prompt = generation.request.promptLogProbabilities
            outcome.meetsConstraint = generation.state.meetsConstraint
        } catch { outcome = Outcome(error: "\(error)") }
        return outcome
    }

    /// Requests come at random times, some are cancelled on the way, some fail. `count` requests on a tiny
    /// model, at most `memory` bytes for their keys and values.
    private func run(_ count: Int, seed: UInt64, _ name: String, mostTexts: Int, memory: Int?) async throws {
        let model = try TinyDecoder.model(name)
        let pages = try model.decoder.makePages()
        var options = SchedulerOptions()
        (options.mostTexts, options.memoryLimit, options.promptTokens) = (mostTexts, memory, 64)
        let scheduler = Scheduler(model.decoder, options)
        var requests = Requests(seed: seed, model)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                let (tokens, options) = try requests.next()
                let cancelsAfter = Int.random(in: 0..<60, using: &requests.generator)
                if Int.random(in: 0..<4, using: &requests.generator) == 0 {
                    try await Task.sleep(
                        for: .microseconds(Int.random(in: 1...300, using: &requests.generator)))
                }
                group.addTask {
                    let expected = Self.alone(model, tokens, options)
                    let request = try model.request(for: tokens, options, pages: pages)
                    if cancelsAfter < 8 {
                        // The loop is left: what came is the beginning of what comes alone.
                        var found: [GeneratedToken] = []
                        do {
                            for try await token in scheduler.tokens(of: request) {
                                found.append(token)
                                if found.count > cancelsAfter { break }
                            }
                        } catch { #expect("\(error)" == expected.error, "request \(index)") }
                        if expected.error == nil {
                            #expect(found == Array(expected.tokens.prefix(found.count)), "request \(index)")
                        }
                        return
                    }
                    var outcome = Outcome()
                    do {
                        let text = try await scheduler.text(of: request)
                        outcome = Outcome(
                            tokens: text.tokens, prompt: text.promptLogProbabilities,
                            meetsConstraint: text.meetsConstraint)
                    } catch { outcome = Outcome(error: "\(error)") }
                    #expect(outcome == expected, "request \(index)")
                    if let memory { #expect(pages.usedBytes <= memory) }
                }
                // About as many wait as run.
                if index >= 2 * mostTexts { try await group.next() }
            }
            try await group.waitForAll()
        }
        // Cancelled texts leave before the next step at the latest.
        _ = try await scheduler.text(of: model.request(for: [1], GenerationOptions(maximumTokens: 1)))
        #expect(pages.usedBytes == 0, "every page has come back")
    }

    @Test(arguments: ["llama", "mistral", "gemma2", "gpt2"])
    func randomArrivalsCancellationsAndErrors(_ name: String) async throws {
        try await run(150, seed: 31, name, mostTexts: 12, memory: nil)
    }

    /// With little memory, texts wait for each other; what one may need in the end is kept free for it.
    @Test func littleMemory() async throws {
        let model = try TinyDecoder.model()
        let one = try model.decoder.makeCache(capacity: 64).byteCount(forLength: 64)
        try await run(100, seed: 32, "llama", mostTexts: 12, memory: 3 * one)
    }

    /// As many as `make test-scheduler` asks for.
    @Test(.enabled(if: requests > 0, "long; `make test-scheduler` runs it"))
    func thousandsOfRequests() async throws {
        let model = try TinyDecoder.model()
        let one = try model.decoder.makeCache(capacity: 64).byteCount(forLength: 64)
        try await run(Self.requests, seed: 33, "llama", mostTexts: 32, memory: 20 * one)
    }

    private static let requests =
        ProcessInfo.processInfo.environment["ATTENTION_SCHEDULER_REQUESTS"].flatMap(Int.init) ?? 0

    /// A text that may need more than all memory is refused at once, with both numbers; others go on.
    @Test func whatNeverFits() async throws {
        let model = try TinyDecoder.model()
        let one = try model.decoder.makeCache(capacity: 64).byteCount(forLength: 64)
        var options = SchedulerOptions()
        options.memoryLimit = one - 1
        let scheduler = Scheduler(model.decoder, options)
        let request = try model.request(for: [1, 2], GenerationOptions(maximumTokens: 3))
        await #expect(throws: SchedulerError.neverFits(neededBytes: one, limit: one - 1)) {
            try await scheduler.text(of: request)
        }
        options.memoryLimit = one
        let other = Scheduler(model.decoder, options)
        #expect(try await other.text(of: request).tokens.count == 3)
    }

    /// Texts whose caches keep numbers in different forms have the tokens that each has alone.
    @Test func differentStorages() async throws {
        let model = try TinyDecoder.model()
        let scheduler = Scheduler(model.decoder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for storage in KeyValueStorage.allCases {
                for prompt in [[5, 6, 7], [Int](1..<30)] {
                    group.addTask {
                        var options = GenerationOptions(maximumTokens: 12)
                        options.storage = storage
                        let expected = Self.alone(model, prompt, options)
                        let text = try await scheduler.text(of: model.request(for: prompt, options))
                        #expect(text.tokens == expected.tokens, "\(storage)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Beams are the same through a scheduler, beside other texts.
    @Test func beams() async throws {
        let model = try TinyDecoder.model()
        let scheduler = Scheduler(model.decoder)
        var options = BeamOptions(beams: 4, results: 3, maximumTokens: 12)
        options.lengthPenalty = 0.5
        let expected = try model.beamSearch(TinyDecoder.prompt, options)
        async let beside = scheduler.text(
            of: model.request(for: [5, 6], GenerationOptions(maximumTokens: 30)))
        #expect(try await model.beamSearch(TinyDecoder.prompt, options, on: scheduler) == expected)
        _ = try await beside
    }

    /// A model in a few lines: the next token is the sum of the last two.
    private struct Sums: StepModel {
        struct State: StepState {
            var tokens: [Int] = []
            var length: Int { tokens.count }
            func byteCount(forLength length: Int) -> Int { length }
            mutating func truncate(to length: Int) { tokens.removeLast(tokens.count - length) }
        }
        /// A token that the model cannot read.
        static let poison = 13
        var vocabulary: Int { 50 }
        var longestSequence: Int { 1000 }
        var promptChunk: Int { 8 }
        var cutLength: Int { 4 }

        struct Poisoned: Error {}

        func step(_ runs: [[Int]], states: inout [State], logits: [LogitRows]) throws -> Tensor {
            guard !runs.joined().contains(Self.poison) else { throw Poisoned() }
            var rows: [Float] = []
            for index in runs.indices {
                for (place, token) in runs[index].enumerated() {
                    states[index].tokens.append(token)
                    let isLast = place == runs[index].count - 1
                    guard logits[index] == .all || logits[index] == .last && isLast else { continue }
                    let sum = states[index].tokens.suffix(2).reduce(0, +) % vocabulary
                    rows += (0..<vocabulary).map { $0 == sum ? 1 : 0 }
                }
            }
            return try Tensor(rows, shape: [rows.count / vocabulary, vocabulary])
        }

        func request(_ prompt: [Int], _ count: Int) throws -> TextRequest<Sums> {
            let options = GenerationOptions(maximumTokens: count)
            let state = try GenerationState(
                prompt: prompt, options: options, vocabulary: vocabulary, endTokens: [], tokenizer: nil,
                context: longestSequence)
            return try TextRequest(state, state: State(), of: self, options: options)
        }
    }

    /// A step that fails because of one text ends that one alone, and long prompts hold nobody up.
    @Test func anyModel() async throws {
        let model = Sums()
        let scheduler = Scheduler(model)
        async let long = scheduler.text(of: model.request([Int](repeating: 1, count: 99), 3))
        async let poisoned = scheduler.text(of: model.request([1, Sums.poison], 5))
        async let short = scheduler.text(of: model.request([2, 2], 6))
        #expect(try await short.tokens.map(\.id) == [4, 6, 10, 16, 26, 42])
        #expect(try await long.tokens.map(\.id) == [2, 3, 5])
        do {
            _ = try await poisoned
            Issue.record("a text that the model cannot read ended well")
        } catch { #expect(error is Sums.Poisoned) }
    }
}

/// A constraint that fails after some tokens.
private struct Failing: TokenConstraint {
    let after: Int
    private var count = 0

    struct Failure: Error {}

    init(after: Int) { self.after = after }

    func allowedTokens() -> TokenSet { TokenSet(vocabulary: 64, isFull: true) }
    mutating func accept(_ token: Int) throws {
        guard count < after else { throw Failure() }
        count += 1
    }
    var isComplete: Bool { false }
}
