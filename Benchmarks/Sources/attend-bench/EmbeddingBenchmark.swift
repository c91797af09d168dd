import ArgumentParser
import AttentionFiles
import AttentionTasks
import Foundation

struct EmbeddingBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embeddings",
        abstract:
            "Sentence embeddings, tokenization included, beside PyTorch or ONNX Runtime on the same model.",
        discussion: """
            Both read the same lines and take turns, round by round. The peer sorts its lines by length \
            and pads each batch only to its own longest line. The largest difference between the first \
            vectors is printed, as a check that both compute the same thing.
            """)

    @Option(help: "The model's folder or name.")
    var model: String

    @Option(help: "A file with a sentence on each line (peers/make_sentences.py makes one).")
    var file: String

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "The peers: torch, onnxruntime.")
    var engine: [String] = ["torch", "onnxruntime"]

    @Option(help: "The peers' batch sizes; the best one counts.")
    var batch: [Int] = [8, 16, 32, 64]

    @Option(help: "Rounds.")
    var rounds = 5

    @Option(help: "The number of the peer's threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Flag(help: "Measure swift-attention alone, for a profiler.")
    var alone = false

    private struct Loaded: Decodable { let version: String }
    private struct Answer: Decodable {
        let seconds: [Double]
        let tokens: Int
        let first: [Float]
    }

    func run() throws {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        let embedder = try TextEmbedder(ModelLocator().locate(model))
        let first = try embedder.embed(lines)[0]
        if alone {
            for _ in 0..<rounds { report("swift-attention", try lineRate(lines, embedder)) }
            return
        }
        for engine in engine { try compare(engine, lines, embedder, first) }
    }

    private func lineRate(_ lines: [String], _ embedder: TextEmbedder) throws -> Double {
        Double(lines.count) / (try seconds { _ = try embedder.embed(lines) })
    }

    private func report(_ who: String, _ rate: Double, _ more: String = "") {
        print(who.padded(16), rate.formatted(0).padded(6, left: true), "sentences/s", more)
    }

    private func compare(_ engine: String, _ lines: [String], _ embedder: TextEmbedder, _ first: [Float])
        throws
    {
        let peer = try Peer(python: python, script: "embedding_peer.py")
        let loaded: Loaded = try peer.ask([
            "op": "load", "model": embedderPath, "threads": threads, "engine": engine,
        ])
        var ours: [Double] = []
        var theirs: [Int: [Double]] = [:]
        var difference: Float = 0
        for round in 0...rounds {
            for size in batch {
                let answer: Answer = try peer.ask(["op": "embed", "file": file, "batch": size])
                difference = zip(answer.first, first).map { abs($0 - $1) }.max() ?? .nan
                if round > 0 { theirs[size, default: []].append(Double(lines.count) / answer.seconds[0]) }
            }
            let rate = try lineRate(lines, embedder)
            if round > 0 { ours.append(rate) }
        }
        guard let best = theirs.max(by: { median($0.value) < median($1.value) }) else { return }
        report("\(engine) \(loaded.version)", median(best.value), "(batches of \(best.key))")
        report("swift-attention", median(ours), "largest difference \(difference)")
        print(
            "ratio".padded(16),
            median(zip(ours, best.value).map { $0 / $1 }).formatted(2).padded(6, left: true))
    }

    /// The peer takes a path.
    private var embedderPath: String { (try? ModelLocator().locate(model).path) ?? model }
}
