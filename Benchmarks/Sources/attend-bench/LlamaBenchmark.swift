import ArgumentParser
import CProbes
import Foundation

struct LlamaBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama",
        abstract: "Language models in GGUF beside llama.cpp: prompts, decoding, memory, the start.",
        discussion: """
            Both are a process of their own in every round, load the same file, warm up and are timed, in \
            turns. llama.cpp comes from peers/build_llama_cpp.sh and is asked with its flash attention on \
            and off (and repacks weights for itself); its faster way counts. Prompts of 4096 tokens and \
            more, which take minutes, are read without a warm-up by both. A ratio is swift-attention's \
            rate over llama.cpp's in the same round; medians are printed. Between the rounds the memory's \
            streaming rate is measured: decoding reads every weight once a token.
            """)

    @Option(help: "llama.cpp's llama-bench.")
    var llamaBench = "Benchmarks/.build-llama.cpp/build/bin/llama-bench"

    @Option(help: "The folder with the models of peers/make_llama_models.py.")
    var models = "Benchmarks/.build-llama.cpp/models"

    @Option(help: "Only models whose name contains this.")
    var only = ""

    @Option(help: "Rounds for each model.")
    var rounds = 3

    @Option(help: "Threads for both sides.")
    var threads = 2

    @Option(help: "Tokens of the prompts; each length is a test of its own; 0: none.")
    var prompt: [Int] = [512]

    @Option(help: "Tokens decoded; 0: none.")
    var steps = 64

    @Flag(help: "Measure swift-attention alone.")
    var alone = false

    func run() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: models).sorted()
            .filter { $0.hasSuffix(".gguf") && (only.isEmpty || $0.contains(only)) && !$0.contains("tiny") }
        let columns = "tokens a second; two columns: swift-attention, llama.cpp's best; ratio"
        print(columns.padded(64), "threads: \(threads)")
        for file in files { try measure(file) }
    }

    private func measure(_ file: String) throws {
        let path = "\(models)/\(file)"
        var tests = prompt.filter { $0 > 0 }.map { Test(prompt: $0, steps: 0) }
        if steps > 0 { tests.append(Test(prompt: 0, steps: steps)) }
        for test in tests {
            var (ours, theirs, streaming): ([LlamaAnswer], [[Double]], [Double]) = ([], [], [])
            for _ in 0..<rounds {
                streaming.append(probe_read_rate(Int32(threads), 512, 0.2))
                ours.append(try own(path, test))
                if !alone { theirs.append(try [false, true].map { try peer(path, test, flash: $0) }) }
            }
            report(file, test, ours, theirs, streaming: median(streaming))
        }
    }

    struct Test {
        let prompt, steps: Int
        var tokens: Int { prompt + steps }
        /// Long cases run without a warm-up. It would double their time, of which a cold start is a small
        /// part.
        var isLong: Bool { prompt >= 4096 }
        var name: String { steps > 0 ? "decoding \(steps)" : "prompt \(prompt)" }
    }

    private func report(
        _ file: String, _ test: Test, _ ours: [LlamaAnswer], _ theirs: [[Double]], streaming: Double
    ) {
        let rate = median(ours.map(\.rate))
        var line = [
            file.replacingOccurrences(of: ".gguf", with: "").padded(20), test.name.padded(12),
            rate.formatted(1).padded(8, left: true),
        ]
        if !theirs.isEmpty {
            let best = theirs.map { $0.max()! }
            line.append(median(best).formatted(1).padded(8, left: true))
            line.append(median(zip(ours, best).map { $0.rate / $1 }).formatted(2))
            let ways = [0, 1].map { way in median(theirs.map { $0[way] }).formatted(1) }
            line.append("(flash attention off \(ways[0]), on \(ways[1]))")
        }
        if test.steps > 0 {
            let bytes = median(ours.map { Double($0.weightBytes) }) * rate
            line.append(
                "\((bytes / 1e9).formatted(1)) GB/s, \((100 * bytes / streaming).formatted(0)) % of "
                    + "\((streaming / 1e9).formatted(1))")
        }
        line.append(
            "resident \((median(ours.map(\.residentBytes)) / 1e6).formatted(0)) MB, cache "
                + "\((median(ours.map(\.cacheBytes)) / 1e6).formatted(0)), file "
                + "\((median(ours.map(\.fileBytes)) / 1e6).formatted(0)); first token after "
                + "\((1000 * median(ours.map(\.firstToken))).formatted(0)) ms")
        print(line.joined(separator: "  "))
        // Each line appears at once, also in a log file.
        fflush(nil)
    }

    /// Measures swift-attention in a process of its own, as llama.cpp is measured.
    private func own(_ path: String, _ test: Test) throws -> LlamaAnswer {
        let output = try Self.output(
            of: CommandLine.arguments[0],
            [
                "llama-once", path, "--prompt", "\(test.prompt)", "--steps", "\(test.steps)", "--started",
                "\(Date().timeIntervalSince1970)",
            ] + (test.isLong ? ["--cold"] : []), environment: ["ATTENTION_THREADS": "\(threads)"])
        return try JSONDecoder().decode(LlamaAnswer.self, from: output)
    }

    private struct PeerAnswer: Decodable {
        let tokensPerSecond: Double

        private enum CodingKeys: String, CodingKey {
            case tokensPerSecond = "avg_ts"
        }
    }

    private func peer(_ path: String, _ test: Test, flash: Bool) throws -> Double {
        let output = try Self.output(
            of: llamaBench,
            [
                "-m", path, "-p", "\(test.prompt)", "-n", "\(test.steps)", "-t", "\(threads)", "-fa",
                flash ? "1" : "0", "-r", "1", "-o", "json",
            ] + (test.isLong ? ["--no-warmup"] : []), environment: [:])
        return try JSONDecoder().decode([PeerAnswer].self, from: output)[0].tokensPerSecond
    }

    private static func output(
        of program: String, _ arguments: [String], environment: [String: String]
    ) throws -> Data {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Peer.Failure(description: "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
        return data
    }
}

/// The results of one run of swift-attention.
struct LlamaAnswer: Codable {
    /// Tokens a second.
    let rate: Double
    /// Seconds from the process's start to the first token, for a prompt of one token.
    let firstToken: Double
    /// The bytes that a decoded token reads.
    let weightBytes: Int
    let fileBytes, cacheBytes, residentBytes: Double
}
