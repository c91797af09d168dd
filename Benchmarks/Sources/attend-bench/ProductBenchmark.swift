import ArgumentParser
import AttentionTensors
import CProbes

struct ProductBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "products",
        abstract: "Matrix products beside PyTorch's, and beside what the machine can do.",
        discussion: """
            In each round three take turns: a probe of the machine (the rate of multiply-adds, or of \
            streaming reads), PyTorch, and swift-attention. A ratio is PyTorch's time over \
            swift-attention's in the same round. A share is swift-attention's rate over the probe's. The \
            medians of the rounds are printed. A matrix × vector reads at least 256 MiB of weights, \
            several matrices in turn, so that no cache holds them.
            """)

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "Rounds for each product.")
    var rounds = 11

    @Option(
        help: "The number of PyTorch's and the probes' threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Option(help: "Only lines whose name contains this.")
    var only = ""

    private struct Seconds: Decodable { let seconds: [Double] }

    /// One line of the table.
    private struct Case {
        let name: String
        let kind: String
        let m, k, n: Int
        let type: ElementType
        /// The type that PyTorch multiplies; it has no block types.
        var theirType: String { type == .bfloat16 ? "bfloat16" : "float32" }
        var isVector: Bool { m == 1 }
        var operations: Double { 2 * Double(m) * Double(k) * Double(n) }
        var bytes: Double {
            Double(n) * Double(k) * Double(type.byteWidth) / Double(type.blockLength)
        }
    }

    private static let types: [ElementType] = [
        .float32, .float16, .bfloat16, .q8_0, .q4_0, .q4_K, .q6_K,
    ]

    private static let cases: [Case] =
        [(512, 512, 512), (1024, 1024, 1024), (4096, 512, 512)].flatMap { m, k, n in
            ["forward", "input", "weight"].map { kind in
                Case(name: "\(m)×\(k)×\(n) \(kind)", kind: kind, m: m, k: k, n: n, type: .float32)
            }
        }
        + types.map { type in
            Case(name: "1×4096×16384 \(type)", kind: "forward", m: 1, k: 4096, n: 16384, type: type)
        }
        + [(20, 1024), (512, 1024), (512, 2048)].flatMap { m, width in
            types.map { type in
                Case(
                    name: "\(m)×\(width)×\(width) \(type)", kind: "forward", m: m, k: width, n: width,
                    type: type)
            }
        }

    func run() throws {
        let peer = try Peer(python: python, script: "products_peer.py")
        print(
            "product".padded(26), "PyTorch", "Swift", "unit", "ratio", "share of the machine",
            separator: "  ")
        for test in Self.cases where only.isEmpty || test.name.contains(only) {
            try compare(test, with: peer)
        }
    }

    private func compare(_ test: Case, with peer: Peer) throws {
        let run = try Self.call(for: test)
        let repeats = max(Int(4e9 / test.operations), 1) + 1
        let unit = test.isVector ? test.bytes : test.operations
        var (theirs, ours, peaks): ([Double], [Double], [Double]) = ([], [], [])
        for round in 0...rounds {
            let peak =
                test.isVector
                ? probe_read_rate(Int32(threads), 256, 0.05) : probe_fma_rate(Int32(threads), 0.02)
            let answer: Seconds = try peer.ask([
                "op": "product", "kind": test.kind, "m": test.m, "k": test.k, "n": test.n,
                "type": test.theirType,
                "threads": threads, "repeats": min(repeats, 20),
            ])
            let own = try (0..<min(repeats, 20)).map { _ in try seconds(run) }
            guard round > 0 else { continue }  // the first round warms both up
            theirs.append(median(Array(answer.seconds.dropFirst())))
            ours.append(median(Array(own.dropFirst())))
            peaks.append(peak)
        }
        let ratio = median(zip(theirs, ours).map { $0 / $1 })
        let share = median(zip(peaks, ours).map { unit / $1 / $0 })
        let theirUnit =
            test.isVector && test.theirType == "float32"
            ? Double(test.n * test.k * 4)
            : test.isVector ? Double(test.n * test.k * 2) : unit
        print(
            test.name.padded(26),
            (theirUnit / median(theirs) / 1e9).formatted(test.isVector ? 1 : 0).padded(7, left: true),
            (unit / median(ours) / 1e9).formatted(test.isVector ? 1 : 0).padded(5, left: true),
            test.isVector ? "GB/s  " : "GFLOP/s", ratio.formatted(2).padded(5, left: true),
            share.formatted(2).padded(5, left: true), "of \((median(peaks) / 1e9).formatted(0))",
            separator: "  ")
    }

    /// Makes the inputs of a case; returns a call of swift-attention with them.
    private static func call(for test: Case) throws -> () throws -> Void {
        let x = Tensor.noise([test.m, test.k], seed: 1)
        if test.kind != "forward" {
            let (dy, w) = (
                Tensor.noise([test.m, test.n], seed: 2),
                Tensor.noise([test.n, test.k], seed: 3)
            )
            if test.kind == "input" { return { _ = try matrixProduct(dy, w) } }
            return { _ = try matrixProduct(dy.transposed(0, 1), x) }
        }
        let copies = test.isVector ? max(Int(268e6 / test.bytes), 1) : 1
        let layers = try (0..<copies).map { try layer(test, seed: UInt64(4 + $0)) }
        var turn = 0
        return {
            turn = (turn + 1) % copies
            _ = try layers[turn](x)
        }
    }

    private static func layer(_ test: Case, seed: UInt64) throws -> Linear {
        let weight = Tensor.noise([test.n, test.k], seed: seed)
        switch test.type {
        case _ where test.type.blockLength > 1:
            return try Linear(weight: StoredTensor(name: "weight", weight, quantizedTo: test.type))
        case .float16, .bfloat16:
            // Numbers around one. Their values do not change the time.
            let bytes = [UInt8](unsafeUninitializedCapacity: weight.elementCount * 2) { bytes, count in
                for index in 0..<weight.elementCount {
                    bytes[2 * index] = UInt8(truncatingIfNeeded: index &* 37)
                    bytes[2 * index + 1] = index % 3 == 0 ? 0x3C : 0xBB
                }
                count = weight.elementCount * 2
            }
            return try Linear(
                weight: StoredTensor(
                    name: "weight", elementType: test.type, shape: weight.shape, bytes: bytes))
        default: return try Linear(weight: weight)
        }
    }
}
