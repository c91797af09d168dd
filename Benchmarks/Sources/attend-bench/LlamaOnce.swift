import ArgumentParser
import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation

/// swift-attention's part of one round of ``LlamaBenchmark``.
struct LlamaOnce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-once", abstract: "One run of a GGUF model, for `llama`.", shouldDisplay: false)

    @Argument var model: String
    @Option var prompt = 512
    @Option var steps = 0
    @Option(help: "When the process was started, in seconds since 1970.") var started: Double?
    @Option(help: "How often it is timed, for a profiler.") var repeats = 1
    @Option(help: "Tokens of the prompt that a call reads; 0: as many as the library thinks best.")
    var chunk = 0
    @Flag(help: "Neither the prompt nor any steps are run before.") var cold = false

    func run() throws {
        let begin = started ?? Date().timeIntervalSince1970
        let file = try GGUFFile(path: model)
        let decoder = try DecoderTransformer(ModelDescription(metadata: file), from: file)
        let capacity = max(prompt, 1) + steps + 8
        var cache = try decoder.makeCache(capacity: capacity, storage: .float16)
        _ = try decoder(1, cache: &cache)
        let firstToken = Date().timeIntervalSince1970 - begin
        // Warm, as llama-bench does it: the prompt once, and a few steps, in which mapped weights move to
        // large pages.
        if !cold {
            if prompt > 0 { try read(prompt, decoder, &cache) }
            for step in 0..<6 { _ = try decoder([7 + step], cache: &cache) }
        }
        var best = Double.infinity
        for _ in 0..<repeats {
            try cache.truncate(to: 0)
            best = min(
                best,
                try seconds {
                    if prompt > 0 { try read(prompt, decoder, &cache) }
                    for step in 0..<steps { _ = try decoder([7 + step], cache: &cache) }
                })
        }
        let embedding = try file.storedTensor(named: "token_embd.weight")
        let isTied = !file.contains("output.weight")
        let weights = try file.tensorNames.reduce(0) {
            $0 + (try file.storedTensor(named: $1)?.byteCount ?? 0)
        }
        let size = try FileManager.default.attributesOfItem(atPath: model)[.size] as? Int
        let answer = LlamaAnswer(
            rate: Double(prompt + steps) / best, firstToken: firstToken,
            weightBytes: weights - (isTied ? 0 : embedding?.byteCount ?? 0), fileBytes: Double(size ?? 0),
            cacheBytes: Double(cache.byteCount), residentBytes: Self.peakResidentBytes)
        print(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
    }

    private func read(_ count: Int, _ decoder: DecoderTransformer, _ cache: inout DecoderCache) throws {
        try cache.truncate(to: 0)
        let tokens = (0..<count).map { 3 + $0 * 7919 % 400 }
        let chunk = chunk > 0 ? chunk : decoder.configuration.promptChunk
        for first in stride(from: 0, to: count, by: chunk) {
            _ = try decoder(Array(tokens[first..<min(first + chunk, count)]), cache: &cache)
        }
    }

    /// The most memory that the process had at a time, mapped files included.
    private static var peakResidentBytes: Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Double($0.filter(\.isNumber)) }.map { $0 * 1024 } ?? .nan
    }
}
