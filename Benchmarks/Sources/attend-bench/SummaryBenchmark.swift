import ArgumentParser
import Attention
import AttentionMaps
import AttentionTensors
import Foundation

/// The whole map of a long text as a picture.
struct SummaryBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "One head's weights over a long text as a picture: seconds and bytes.",
        discussion: """
            There is no peer that makes it: the map itself, which others hold, would take 4 bytes a pair. \
            Queries and keys are made so that there is something to see: every position looks back over a \
            distance that grows, and every 4096th key is looked at by all.
            """)

    @Option(help: "Queries and keys.")
    var length = 32_768

    @Option(help: "Rows and columns of the picture.")
    var resolution = 1024

    @Option(help: "Rounds.")
    var rounds = 3

    @Option(help: "Where the picture goes; nowhere if left out.")
    var png: String?

    func run() throws {
        let (query, key) = (positions(isKey: false), positions(isKey: true))
        for mask in ["full", "causal"] {
            let operation = AttentionOperator(mask: mask == "full" ? .full : .causal)
            let forward = try operation.forward(query: query, key: key, value: key)
            var times: [Double] = []
            var summary: WeightSummary?
            MemoryPool.trim()
            let before = MemoryPool.statistics.bytesInUse
            for _ in 0..<rounds {
                times.append(
                    try seconds {
                        summary = try operation.weightSummary(
                            query: query, key: key, logSumExp: forward.logSumExp, rows: resolution,
                            columns: resolution)
                    })
            }
            let statistics = MemoryPool.statistics
            let held = statistics.bytesInUse + statistics.bytesKept - before
            print(
                "\(length) × \(length) \(mask) → \(resolution) × \(resolution):", median(times).formatted(3),
                "s,",
                held >> 20, "MiB held for it and its result; the map itself:", (length * length * 4) >> 20,
                "MiB")
            if let png, let summary, mask == "full" {
                try AttentionMatrix(summary, head: 0).png().write(to: URL(fileURLWithPath: png))
            }
        }
    }

    /// `[1, 1, N, 64]`: waves of a position, slower from one pair to the next, and in the last two channels a
    /// mark.
    private func positions(isKey: Bool) -> Tensor {
        Tensor(shape: [1, 1, length, 64]) { elements in
            for position in 0..<length {
                let place = isKey ? Double(position) : Double(position) * 0.85
                for pair in 0..<31 {
                    let angle = place * pow(0.75, Double(pair))
                    elements.initializeElement(at: position * 64 + 2 * pair, to: Float(2 * cos(angle)))
                    elements.initializeElement(at: position * 64 + 2 * pair + 1, to: Float(2 * sin(angle)))
                }
                let mark: Float = isKey && position % 4096 != 0 ? 0 : 8
                elements.initializeElement(at: position * 64 + 62, to: mark)
                elements.initializeElement(at: position * 64 + 63, to: 0)
            }
        }
    }
}
