import ArgumentParser
import Attention
import AttentionTensors
import CProbes

struct AttentionBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention",
        abstract: "Attention forward, beside PyTorch's scaled_dot_product_attention.",
        discussion: """
            The two take turns, round by round, in one run. A ratio is PyTorch's time over \
            swift-attention's in the same round; the median of the rounds is printed. Above 1, \
            swift-attention is faster. The share is that of the peak rate of multiply-adds, measured \
            between the rounds.
            """)

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "Rounds for each shape.")
    var rounds = 15

    @Option(help: "The number of PyTorch's threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Option(help: "Only shapes whose name contains this.")
    var only = ""

    @Flag(
        help: """
            Measure swift-attention alone, for a profiler: milliseconds of the fastest, the median and the \
            slowest call.
            """)
    var alone = false

    struct Case {
        let name: String
        var batch = 1
        let heads: Int
        var keyHeads: Int?
        let queries: Int
        var keys: Int?
        let width: Int
        var isCausal = false
        /// PyTorch gets the query heads that share a key head as rows of one head.
        var folds = false

        /// Multiplications and additions of the two products.
        var operations: Double {
            Double(4 * batch * heads * queries) * Double((keys ?? queries) * width) * (isCausal ? 0.5 : 1)
        }
    }

    static let cases = [
        Case(name: "1,8,512,64", heads: 8, queries: 512, width: 64),
        Case(name: "1,8,2048,64", heads: 8, queries: 2048, width: 64),
        Case(name: "1,8,2048,64 causal", heads: 8, queries: 2048, width: 64, isCausal: true),
        Case(name: "1,8,2048,128", heads: 8, queries: 2048, width: 128),
        Case(name: "1,8,2048,128 causal", heads: 8, queries: 2048, width: 128, isCausal: true),
        Case(name: "1,4,8192,64 causal", heads: 4, queries: 8192, width: 64, isCausal: true),
        Case(
            name: "prefill 128×4096, 32/8 heads of 128", heads: 32, keyHeads: 8, queries: 128, keys: 4096,
            width: 128),
        Case(
            name: "the same, folded by the peer", heads: 32, keyHeads: 8, queries: 128, keys: 4096,
            width: 128,
            folds: true),
    ]

    private struct Seconds: Decodable { let seconds: [Double] }

    func run() throws {
        let tests = Self.cases.filter { only.isEmpty || $0.name.contains(only) }
        if alone { return try tests.forEach(measureAlone) }
        let peer = try Peer(python: python, script: "attention_peer.py")
        print(
            "B,H,N,D".padded(36), "PyTorch ms", "Swift ms", "GFLOP/s", "share of peak", "ratio",
            separator: "  ")
        for test in tests { try compare(test, with: peer) }
    }

    private func measureAlone(_ test: Case) throws {
        let run = Self.call(for: test)
        let times = try (0..<rounds).map { _ in try seconds(run) * 1e3 }.sorted()
        let shown = [times[0], median(times), times[times.count - 1]].map { $0.formatted(2) }
        print(test.name.padded(36), shown.joined(separator: "  "))
    }

    /// Makes the inputs of a case; returns a call of swift-attention with them.
    private static func call(for test: Case) -> () throws -> Void {
        let operation = AttentionOperator(mask: test.isCausal ? .causal : .full)
        let shape: Shape = [test.batch, test.keyHeads ?? test.heads, test.keys ?? test.queries, test.width]
        let query = Tensor.noise([test.batch, test.heads, test.queries, test.width], seed: 1)
        let (key, value) = (Tensor.noise(shape, seed: 2), Tensor.noise(shape, seed: 3))
        return { _ = try operation(query: query, key: key, value: value) }
    }

    private func compare(_ test: Case, with peer: Peer) throws {
        let run = Self.call(for: test)
        // In each turn the first call is not counted: it finds cold caches and sleeping threads, on both
        // sides.
        let repeats = max(Int(8e9 / test.operations), 1) + 1
        var (theirs, ours, peaks): ([Double], [Double], [Double]) = ([], [], [])
        for round in 0...rounds {
            let answer: Seconds = try peer.ask([
                "op": "forward", "b": test.batch, "h": test.heads, "hkv": test.keyHeads ?? test.heads,
                "nq": test.queries, "nk": test.keys ?? test.queries, "d": test.width, "causal": test.isCausal,
                "fold": test.folds, "threads": threads, "repeats": repeats,
            ])
            let own = try (0..<repeats).map { _ in try seconds(run) }
            guard round > 0 else { continue }  // the first round warms both up
            theirs.append(median(Array(answer.seconds.dropFirst())))
            ours.append(median(Array(own.dropFirst())))
            peaks.append(probe_fma_rate(Int32(threads), 0.02))
        }
        let ratio = median(zip(theirs, ours).map { $0 / $1 })
        let rate = test.operations / median(ours)
        print(
            test.name.padded(36), (median(theirs) * 1e3).formatted(2).padded(10, left: true),
            (median(ours) * 1e3).formatted(2).padded(8, left: true),
            (rate / 1e9).formatted(0).padded(7, left: true),
            "\((rate / median(peaks) * 100).formatted(0)) %".padded(13, left: true),
            ratio.formatted(2).padded(5, left: true), separator: "  ")
    }
}
