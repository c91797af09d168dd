import ArgumentParser
import Attention
import AttentionTensors
import CProbes
import Foundation

struct DecodeBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "A decoder's step over a cache, beside PyTorch and beside what the memory gives.",
        discussion: """
            The two take turns, round by round, in one run. PyTorch is asked in every way there is \
            (float32, float16 and bfloat16; heads that share keys left to it, or folded into rows), and \
            its fastest way counts. A ratio is its time over swift-attention's in the same round; the \
            median of the rounds is printed. The share is the rate at which keys and values were read, \
            over the streaming rate that was measured between the rounds. The error is the root mean \
            square difference from the outputs with float32 storage, relative to them.
            """)

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "Rounds for each shape.")
    var rounds = 9

    @Option(help: "The number of PyTorch's threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Option(help: "Only shapes whose name contains this.")
    var only = ""

    @Flag(help: "Measure swift-attention alone, for a profiler.")
    var alone = false

    struct Case {
        let name: String
        let heads, keyHeads: Int
        var queries = 1
        var keys = 4096
        var width = 128
    }

    static let cases = [
        Case(name: "32/8 heads, 4096 × 128", heads: 32, keyHeads: 8),
        Case(name: "the same, 4 queries", heads: 32, keyHeads: 8, queries: 4),
        Case(name: "the same, 8 queries", heads: 32, keyHeads: 8, queries: 8),
        Case(name: "32/8 heads, 512 × 128", heads: 32, keyHeads: 8, keys: 512),
        Case(name: "12/12 heads, 1024 × 64", heads: 12, keyHeads: 12, keys: 1024, width: 64),
        Case(name: "28/4 heads, 16384 × 128", heads: 28, keyHeads: 4, keys: 16384),
    ]

    private struct Seconds: Decodable { let seconds: [Double] }
    private static let ways = ["float32", "float16", "bfloat16"].flatMap { type in
        ["gqa", "folded"].map { (type: type, way: $0) }
    }

    func run() throws {
        let peer = alone ? nil : try Peer(python: python, script: "decode_peer.py")
        print(
            "heads, keys × width".padded(26), "Swift".padded(9), "µs", " GB/s", "share of streaming",
            "ratio to PyTorch",
            separator: "  ")
        for test in Self.cases where only.isEmpty || test.name.contains(only) {
            try measure(test, beside: peer)
        }
    }

    private func measure(_ test: Case, beside peer: Peer?) throws {
        let storages = KeyValueStorage.allCases
        let steps = try storages.map { try Self.step(for: test, $0) }
        var ours = storages.map { _ in [Double]() }
        var theirs = Self.ways.map { _ in [Double]() }
        var rates: [Double] = []
        for round in 0...rounds {
            for (index, (type, way)) in Self.ways.enumerated() {
                guard let peer else { continue }
                let answer: Seconds = try peer.ask([
                    "op": "decode", "h": test.heads, "hkv": test.keyHeads, "nq": test.queries,
                    "nk": test.keys,
                    "d": test.width, "type": type, "way": way, "threads": threads, "repeats": 6,
                ])
                if round > 0 { theirs[index].append(median(Array(answer.seconds.dropFirst()))) }
            }
            // PyTorch's threads spin for a while after their turn.
            let rate = probe_read_rate(Int32(threads), 256, 0.05)
            if round > 0 { rates.append(rate) }
            for (index, step) in steps.enumerated() {
                let own = try (0..<6).map { _ in try seconds { _ = try step.run() } }
                if round > 0 { ours[index].append(median(Array(own.dropFirst()))) }
            }
        }
        let outputs = try steps.map { try $0.run().scalars }
        for (index, storage) in storages.enumerated() {
            report(
                test, storage.rawValue, ours[index], bytes: steps[index].bytes, median(rates), theirs,
                error: relativeError(of: outputs[index], outputs[0]))
        }
        for (way, times) in zip(Self.ways, theirs) where !times.isEmpty {
            print(
                "".padded(26), "PyTorch \(way.type), \(way.way):".padded(28),
                (median(times) * 1e6).formatted(0).padded(7, left: true), "µs")
        }
    }

    private func report(
        _ test: Case, _ storage: String, _ ours: [Double], bytes: Int, _ streaming: Double,
        _ theirs: [[Double]], error: Double
    ) {
        let rate = Double(bytes) / median(ours)
        // PyTorch's fastest way of all, and its fastest in float32.
        func ratio(_ ways: ArraySlice<[Double]>) -> String {
            guard let best = ways.filter({ !$0.isEmpty }).min(by: { median($0) < median($1) }) else {
                return ""
            }
            return median(zip(best, ours).map { $0 / $1 }).formatted(2)
        }
        print(
            test.name.padded(26), storage.padded(9), (median(ours) * 1e6).formatted(0).padded(6, left: true),
            (rate / 1e9).formatted(1).padded(5, left: true),
            (rate / streaming).formatted(2).padded(6, left: true),
            "float32 \(ratio(theirs[0..<2])), any \(ratio(theirs[...]))",
            "error \((100 * error).formatted(3)) %", separator: "  ")
    }

    /// Root mean squares: of the difference, over that of what is expected.
    private func relativeError(of found: [Float], _ expected: [Float]) -> Double {
        let difference = zip(found, expected).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        return (difference / expected.reduce(0) { $0 + pow(Double($1), 2) }).squareRoot()
    }

    /// Fills the cache of a case; returns a call of swift-attention with it, and the bytes that a step reads.
    private static func step(
        for test: Case, _ storage: KeyValueStorage
    ) throws -> (run: () throws -> Tensor, bytes: Int) {
        let layout = try KeyValueLayout(heads: test.keyHeads, keyWidth: test.width, storage: storage)
        var cache = try KeyValueCache(sequences: 1, capacity: test.keys, layout: layout)
        let shape: Shape = [1, test.keyHeads, test.keys, test.width]
        try cache.append(
            keys: Tensor.noise(shape, seed: 2),
            values: Tensor.noise(shape, seed: 3))
        let query = Tensor.noise([1, test.heads, test.queries, test.width], seed: 1)
        let (attention, filled) = (AttentionOperator(), cache)
        return ({ try attention(query: query, cache: filled) }, test.keys * layout.bytesPerPosition)
    }
}
