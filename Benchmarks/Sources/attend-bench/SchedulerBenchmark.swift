import ArgumentParser
import AttentionGeneration
import AttentionModels
import Foundation
import Synchronization

/// Texts through a scheduler, beside the same texts one after the other.
struct SchedulerBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler",
        abstract: "Many texts at once through one model, beside one after the other.",
        discussion: """
            Each of the texts has a prompt of 100 to 400 random tokens and gets 64 new ones. Both ways take \
            turns; medians are printed. The rate counts new tokens over the whole time, prompts included. The \
            time of the prompts alone is measured with one new token each.
            """)

    @Argument(help: "Models: folders or GGUF files.")
    var models: [String]

    @Option(help: "The number of texts.")
    var texts = 32

    @Option(help: "New tokens of each text.")
    var tokens = 64

    @Option(help: "Rounds for each model.")
    var rounds = 3

    func run() throws {
        for path in models {
            let model = try LanguageModel(path: path)
            let prompts = prompts(vocabulary: model.decoder.configuration.vocabulary)
            let count = prompts.reduce(0) { $0 + $1.count }
            print("\(path): \(texts) texts, \(count) tokens of prompts, \(tokens) new tokens each")
            // Warms up, and shows that the texts are the same.
            guard try together(model, prompts, 4) == alone(model, prompts, 4) else {
                throw ValidationError("the texts differ")
            }
            var times: [[Double]] = [[], [], [], []]
            for _ in 0..<rounds {
                times[0].append(try seconds { _ = try alone(model, prompts, tokens) })
                times[1].append(try seconds { _ = try together(model, prompts, tokens) })
                times[2].append(try seconds { _ = try alone(model, prompts, 1) })
                times[3].append(try seconds { _ = try together(model, prompts, 1) })
            }
            report(times)
        }
    }

    private func report(_ times: [[Double]]) {
        func rate(_ times: [Double]) -> Double { Double(texts * tokens) / median(times) }
        let ratios = zip(times[0], times[1]).map { $0 / $1 }
        let decoding = times[0].indices.map { (times[0][$0] - times[2][$0]) / (times[1][$0] - times[3][$0]) }
        print(
            String(
                format: "  new tokens a second: %.1f one after the other, %.1f together: ratio %.2f",
                rate(times[0]), rate(times[1]), median(ratios)))
        print(
            String(
                format: "  of the time, prompts: %.2f s of %.2f and %.2f s of %.2f; ratio of the rest %.2f",
                median(times[2]), median(times[0]), median(times[3]), median(times[1]), median(decoding)))
    }

    private func prompts(vocabulary: Int) -> [[Int]] {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        return (0..<texts).map { _ in (0..<100 + next(301)).map { _ in next(vocabulary) } }
    }

    private func options(_ tokens: Int) -> GenerationOptions {
        var options = GenerationOptions(maximumTokens: tokens)
        options.stopTokens = []
        return options
    }

    private func alone(_ model: LanguageModel, _ prompts: [[Int]], _ tokens: Int) throws -> [[Int]] {
        try prompts.map { prompt in
            var generation = try model.generation(of: prompt, options(tokens))
            var ids: [Int] = []
            while let token = try generation.next() { ids.append(token.id) }
            return ids
        }
    }

    private func together(_ model: LanguageModel, _ prompts: [[Int]], _ tokens: Int) throws -> [[Int]] {
        let scheduler = Scheduler(model.decoder)
        let pages = try model.decoder.makePages()
        let options = options(tokens)
        return try waiting {
            try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
                for (index, prompt) in prompts.enumerated() {
                    group.addTask {
                        let request = try model.request(for: prompt, options, pages: pages)
                        return (index, try await scheduler.text(of: request).tokens.map(\.id))
                    }
                }
                var texts = [[Int]](repeating: [], count: prompts.count)
                for try await (index, ids) in group { texts[index] = ids }
                return texts
            }
        }
    }
}

/// Runs asynchronous work, and waits for it.
private func waiting<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) throws -> Result
{
    let result = Mutex<Swift.Result<Result, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        do {
            let value = try await work()
            result.withLock { $0 = .success(value) }
        } catch {
            result.withLock { $0 = .failure(error) }
        }
        done.signal()
    }
    done.wait()
    return try result.withLock { $0! }.get()
}
