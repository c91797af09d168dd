import ArgumentParser
import Attention
import AttentionModels
import AttentionTensors

struct GradientBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradients",
        abstract: "Layers forward and backward, beside PyTorch's autograd.",
        discussion: """
            A call computes the layer and the gradients at its input and at all of its parameters. \
            swift-attention packs the weights in each call, as a training step does. The two take turns, \
            round by round, in one run; the median of the rounds' ratios is printed. Above 1, \
            swift-attention is faster.
            """)

    @Option(help: "The Python of an environment with Scripts/requirements.txt.")
    var python = "python3"

    @Option(help: "Rounds for each layer.")
    var rounds = 9

    @Option(help: "The number of PyTorch's threads; ATTENTION_THREADS sets swift-attention's.")
    var threads = 2

    @Option(help: "Only layers whose name contains this.")
    var only = ""

    private struct Case {
        let layer: String
        let rows: Int
        let width: Int
        var inner = 0
        let repeats: Int
    }

    private static let cases = [
        Case(layer: "layerNorm", rows: 4096, width: 768, repeats: 8),
        Case(layer: "layerNorm", rows: 128, width: 384, repeats: 100),
        Case(layer: "rmsNorm", rows: 4096, width: 768, repeats: 8),
        Case(layer: "gelu", rows: 4096, width: 768, repeats: 8),
        Case(layer: "geluTanh", rows: 4096, width: 768, repeats: 8),
        Case(layer: "linear", rows: 512, width: 768, inner: 768, repeats: 6),
        Case(layer: "feedForward", rows: 512, width: 768, inner: 3072, repeats: 3),
        Case(layer: "feedForward", rows: 64, width: 384, inner: 1536, repeats: 20),
        Case(layer: "swiGLU", rows: 512, width: 768, inner: 2048, repeats: 3),
        Case(layer: "softmax", rows: 4096, width: 1024, repeats: 6),
        Case(layer: "crossEntropy", rows: 256, width: 50_257, repeats: 3),
        Case(layer: "crossEntropy", rows: 2048, width: 65, repeats: 50),
        Case(layer: "embedding", rows: 2048, width: 768, inner: 30_522, repeats: 3),
        Case(layer: "rotary", rows: 1024, width: 128, inner: 32, repeats: 6),
        Case(layer: "dropout", rows: 4096, width: 768, repeats: 6),
    ]

    private struct Seconds: Decodable { let seconds: [Double] }

    func run() throws {
        let peer = try Peer(python: python, script: "gradient_peer.py")
        print("layer, rows × width × inner".padded(34), "PyTorch ms", "Swift ms", "ratio", separator: "  ")
        for test in Self.cases where only.isEmpty || test.layer.contains(only) {
            let run = try Self.call(for: test)
            var (theirs, ours): ([Double], [Double]) = ([], [])
            for round in 0...rounds {
                let answer: Seconds = try peer.ask([
                    "op": "step", "layer": test.layer, "rows": test.rows, "width": test.width,
                    "inner": max(test.inner, 1), "threads": threads, "repeats": test.repeats + 1,
                ])
                let own = try (0...test.repeats).map { _ in try seconds(run) }
                // The first round warms both up, and so does each turn's first call.
                guard round > 0 else { continue }
                theirs.append(median(Array(answer.seconds.dropFirst())))
                ours.append(median(Array(own.dropFirst())))
            }
            let name = "\(test.layer) \(test.rows) × \(test.width)\(test.inner > 0 ? " × \(test.inner)" : "")"
            print(
                name.padded(34), (median(theirs) * 1e3).formatted(3).padded(10, left: true),
                (median(ours) * 1e3).formatted(3).padded(8, left: true),
                median(zip(theirs, ours).map { $0 / $1 }).formatted(2).padded(5, left: true), separator: "  ")
        }
    }

    /// Makes the inputs of a case; returns a call of swift-attention with them.
    private static func call(for test: Case) throws -> () throws -> Void {
        let (rows, width, inner) = (test.rows, test.width, max(test.inner, 1))
        func numbers(_ shape: Shape, _ scale: Float = 1) -> Tensor {
            var state: UInt64 = 1
            return Tensor(shape: shape) { elements in
                for index in elements.indices {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let unit = Float(state >> 40) * 0x1p-24
                    elements.initializeElement(at: index, to: (unit * 2 - 1) * 1.7320508 * scale)
                }
            }
        }
        let (x, gain, bias) = (numbers([rows, width]), numbers([width]), numbers([width]))
        let (up, gate) = (numbers([inner, width], 0.03), numbers([inner, width], 0.03))
        let (upBias, down) = (numbers([inner]), numbers([width, inner], 0.02))
        func step(_ points: [Tensor], _ layer: @escaping ([Tensor]) throws -> Tensor) throws -> () throws ->
            Void
        {
            let seed = Tensor(repeating: 1, shape: try layer(points).shape)
            return {
                let points = points.map { $0.watched() }
                _ = try gradients(of: layer(points), seed: seed, at: points)
            }
        }
        switch test.layer {
        case "layerNorm":
            return try step([x, gain, bias]) {
                try LayerNorm(width: width, gain: $0[1], bias: $0[2], epsilon: 1e-5)($0[0])
            }
        case "rmsNorm":
            return try step([x, gain]) { try RMSNorm(width: width, gain: $0[1], epsilon: 1e-5)($0[0]) }
        case "gelu": return try step([x]) { try Activation.gelu($0[0]) }
        case "geluTanh": return try step([x]) { try Activation.geluTanh($0[0]) }
        case "softmax": return try step([x]) { try $0[0].softmax() }
        case "crossEntropy":
            let targets = (0..<rows).map { $0 * 97 % width }
            return try step([x]) { try CrossEntropy()($0[0], targets: targets) }
        case "embedding":
            let indices = (0..<rows).map { $0 * 97 % inner }
            return try step([up]) { try Embedding($0[0])(indices) }
        case "rotary":
            let angles = try RotaryEmbedding(width: width).angles(positions: 0..<rows)
            return try step([numbers([1, inner, rows, width])]) { try angles.turned($0[0]) }
        case "dropout": return try step([x]) { try $0[0].dropout(0.1, key: RandomKey(seed: 1)) }
        case "linear":
            return try step([x, up, upBias]) { try Linear(weight: $0[1], bias: $0[2])($0[0]) }
        case "feedForward":
            return try step([x, up, upBias, down, bias]) {
                try FeedForward(
                    expand: Linear(weight: $0[1], bias: $0[2]),
                    contract: Linear(weight: $0[3], bias: $0[4]), activation: .gelu)($0[0])
            }
        default:
            return try step([x, gate, up, down]) {
                try FeedForward(
                    gate: Linear(weight: $0[1]), up: Linear(weight: $0[2]), contract: Linear(weight: $0[3]),
                    activation: .silu)($0[0])
            }
        }
    }
}
