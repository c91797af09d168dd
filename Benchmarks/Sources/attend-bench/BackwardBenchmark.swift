import ArgumentParser
import Attention
import AttentionTensors
import CProbes

struct BackwardBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backward",
        abstract: "Attention forward and backward, beside PyTorch's scaled_dot_product_attention.",
        discussion: """
            The two take turns, round by round, in one run. A ratio is PyTorch's time for forward and \
            backward over swift-attention's in the same round; the median of the rounds is printed. Above 1, \
            swift-attention is faster. The share is that of the machine's peak of multiply-adds, measured \
            in every round, with seven products for the two passes.
            """)

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "Rounds for each shape.")
    var rounds = 7

    @Option(help: "The number of PyTorch's threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Option(help: "Only shapes whose name contains this.")
    var only = ""

    private struct Seconds: Decodable { let forward, both: [Double] }

    func run() throws {
        let peer = try Peer(python: python, script: "attention_backward_peer.py")
        print(
            "(B,H,N,D)".padded(22), "PyTorch ms", "Swift ms", "backward ms", "GFLOP/s", "peak", "share",
            "ratio",
            separator: "  ")
        for test in AttentionBenchmark.cases where only.isEmpty || test.name.contains(only) {
            guard test.keys ?? test.queries == test.queries, test.keyHeads ?? test.heads == test.heads else {
                continue
            }
            try compare(test, with: peer)
        }
    }

    private func compare(_ test: AttentionBenchmark.Case, with peer: Peer) throws {
        let shape: Shape = [test.batch, test.heads, test.queries, test.width]
        let inputs = (1...4).map { Tensor.noise(shape, seed: UInt64($0)) }
        let attention = AttentionOperator(mask: test.isCausal ? .causal : .full)
        let operations = test.operations * 3.5
        // In each turn the first call is not counted: it finds cold caches and sleeping threads, on both
        // sides.
        let repeats = max(Int(2e10 / operations), 1) + 1
        var (theirs, ours, backward, peaks): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for round in 0...rounds {
            let answer: Seconds = try peer.ask([
                "op": "training", "b": test.batch, "h": test.heads, "n": test.queries, "d": test.width,
                "causal": test.isCausal, "threads": threads, "repeats": repeats,
            ])
            let own = try (0..<repeats).map { _ in
                var output: AttentionOperator.Output?
                let forward = try seconds {
                    output = try attention.forward(query: inputs[0], key: inputs[1], value: inputs[2])
                }
                let back = try seconds {
                    _ = try attention.backward(
                        query: inputs[0], key: inputs[1], value: inputs[2], output: output!,
                        outputGradient: inputs[3])
                }
                return (forward + back, back)
            }
            guard round > 0 else { continue }  // the first round warms both up
            peaks.append(probe_fma_rate(Int32(threads), 0.05))
            theirs.append(median(Array(answer.both.dropFirst())))
            ours.append(median(own.dropFirst().map(\.0)))
            backward.append(median(own.dropFirst().map(\.1)))
        }
        let rate = operations / median(ours)
        print(
            test.name.padded(22), (median(theirs) * 1e3).formatted(2).padded(10, left: true),
            (median(ours) * 1e3).formatted(2).padded(8, left: true),
            (median(backward) * 1e3).formatted(2).padded(11, left: true),
            (rate / 1e9).formatted(0).padded(7, left: true),
            (median(peaks) / 1e9).formatted(0).padded(4, left: true),
            "\((rate / median(peaks) * 100).formatted(0)) %".padded(5, left: true),
            median(zip(theirs, ours).map { $0 / $1 }).formatted(2).padded(5, left: true), separator: "  ")
    }
}
