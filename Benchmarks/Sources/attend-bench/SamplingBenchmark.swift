import ArgumentParser
import AttentionGeneration
import AttentionTensors

struct SamplingBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sampling",
        abstract: "Choosing a token of a large vocabulary, on one thread: milliseconds.",
        discussion: """
            Beside it, where --python is given, transformers' processors and torch's draw on one thread. \
            Flat: normal logits; mild: three times these; peaked: 40 of them 12 above the others.
            """)

    @Option(help: "Tokens of the vocabulary.")
    var vocabulary = 151_936

    @Option(help: "Tokens that are chosen in each way.")
    var rounds = 41

    @Option(help: "An interpreter that has transformers; without one, only swift-attention is measured.")
    var python: String?

    private struct Distribution {
        let name: String
        let spread: Float
        let peaks: Int
    }

    private struct Answer: Decodable { let seconds: [Double] }

    private static let distributions = [
        Distribution(name: "flat", spread: 1, peaks: 0), Distribution(name: "mild", spread: 3, peaks: 0),
        Distribution(name: "peaked", spread: 1, peaks: 40),
    ]

    private static let ways: [(name: String, value: Double, sampling: Sampling)] = [
        ("greedy", 0, .greedy), ("all", 0, Sampling(seed: 1)), ("top-k", 40, Sampling(topK: 40, seed: 1)),
        ("top-p", 0.95, Sampling(topP: 0.95, seed: 1)), ("typical", 0.95, Sampling(typicalP: 0.95, seed: 1)),
        ("min-p", 0.05, Sampling(minP: 0.05, seed: 1)),
    ]

    func run() throws {
        let peer = try python.map { try Peer(python: $0, script: "sampling_peer.py") }
        print(
            "logits".padded(8), "way".padded(14), "Swift ms", "  best",
            peer == nil ? "" : "transformers  ratio")
        for distribution in Self.distributions {
            let logits = self.logits(distribution)
            for way in Self.ways {
                let sampler = try Sampler(way.sampling, vocabulary: vocabulary)
                var times: [Double] = []
                try logits.withUnsafeBuffer { logits in
                    for round in 0..<rounds {
                        times.append(try seconds { _ = try sampler.token(at: round, from: logits) })
                    }
                }
                var beside = ""
                if let peer {
                    let answer = try peer.ask(
                        [
                            "op": "sampling", "name": way.name, "value": way.value,
                            "spread": Double(distribution.spread), "peaks": distribution.peaks,
                            "v": vocabulary, "threads": 1, "repeats": rounds / 4 + 1,
                        ], as: Answer.self)
                    let theirs = median(answer.seconds)
                    beside =
                        (theirs * 1e3).formatted(2).padded(12, left: true)
                        + (theirs / median(times)).formatted(1).padded(7, left: true)
                }
                let name = way.value == 0 ? way.name : "\(way.name) \(way.value.formatted(2))"
                print(
                    distribution.name.padded(8), name.padded(14),
                    (median(times) * 1e3).formatted(3).padded(7, left: true),
                    (times.min()! * 1e3).formatted(3).padded(6, left: true), beside)
            }
        }
    }

    private func logits(_ distribution: Distribution) -> Tensor {
        // The sum of four uniform numbers is close enough to a normal one.
        let noise = Tensor.noise([4, vocabulary], seed: 7).scalars
        return Tensor(shape: [vocabulary]) { logits in
            for token in 0..<vocabulary {
                let sum = (0..<4).reduce(Float(0)) { $0 + noise[$1 * vocabulary + token] }
                let peak: Float = token < distribution.peaks ? 12 : 0
                logits.initializeElement(at: token, to: sum / 2 * distribution.spread + peak)
            }
        }
    }
}
