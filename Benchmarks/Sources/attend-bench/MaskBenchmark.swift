import ArgumentParser
import Attention
import AttentionTensors

struct MaskBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "masks",
        abstract: "What masks cost, beside the share of the work that they leave.",
        discussion: """
            Every mask takes turns with a yardstick on the same tensors. "blocks" is the share of blocks \
            of 64 queries × 64 keys that are not empty, over the yardstick's own; "time" is the ratio of \
            times; "excess" is by how much the second is above the first.
            """)

    @Option(help: "Rounds for each mask.")
    var rounds = 9

    private struct Case {
        let name: String
        var length = 8192
        var heads = 4
        let mask: any AttentionMask
        var yardstick: any AttentionMask = .full
        var yardstickName = "full"
    }

    private static func cases() throws -> [Case] {
        let lengths = [100, 2000, 37, 513, 1500, 1, 3000, 1041]
        return [
            Case(name: "causal", mask: .causal),
            Case(name: "causal window of 256", mask: .slidingWindow(before: 255)),
            Case(name: "causal window of 1024", mask: .slidingWindow(before: 1023)),
            Case(name: "window of 4096 and 4096", mask: .slidingWindow(before: 2047, after: 2048)),
            Case(name: "packed, 8 × 1024", mask: try BlockDiagonalMask([Int](repeating: 1024, count: 8))),
            Case(name: "packed, 64 × 128", mask: try BlockDiagonalMask([Int](repeating: 128, count: 64))),
            Case(name: "packed, unequal lengths", mask: try BlockDiagonalMask(lengths)),
            Case(name: "packed, unequal, causal", mask: try BlockDiagonalMask(lengths) & .causal),
            Case(
                name: "predicate of positions", length: 2048, heads: 8, mask: .predicate { $1 <= $0 },
                yardstick: .causal, yardstickName: "causal"),
            Case(
                name: "predicate of positions", mask: .predicate { $1 <= $0 }, yardstick: .causal,
                yardstickName: "causal"),
            Case(
                name: "predicate of positions & head", length: 2048, heads: 8,
                mask: .predicate { query, key, site in key <= query + site.head * 0 }, yardstick: .causal,
                yardstickName: "causal"),
            Case(
                name: "document ids by predicate", mask: try documents(lengths),
                yardstick: try BlockDiagonalMask(lengths), yardstickName: "packed"),
        ]
    }

    private static func documents(_ lengths: [Int]) throws -> PredicateMask {
        let owner = lengths.enumerated().flatMap { [Int](repeating: $0, count: $1) }
        return .predicate { query, key in owner[query] == owner[key] }
    }

    func run() throws {
        print(
            "H,N,D=64".padded(40), "beside".padded(8), "Swift ms", "blocks", "time", "excess",
            separator: "  ")
        for test in try Self.cases() { try measure(test) }
    }

    private func measure(_ test: Case) throws {
        let tensors = (1...3).map { Tensor.noise([1, test.heads, test.length, 64], seed: UInt64($0)) }
        func time(_ mask: any AttentionMask) throws -> Double {
            let attention = AttentionOperator(mask: mask)
            return try seconds { _ = try attention(query: tensors[0], key: tensors[1], value: tensors[2]) }
        }
        _ = (try time(test.mask), try time(test.yardstick))
        let pairs = try (0..<rounds).map { _ in (try time(test.mask), try time(test.yardstick)) }
        let share = Self.blocks(test.mask, test.length) / Self.blocks(test.yardstick, test.length)
        let ratio = median(pairs.map { $0.0 / $0.1 })
        print(
            "\(test.heads),\(test.length) \(test.name)".padded(40), test.yardstickName.padded(8),
            (median(pairs.map(\.0)) * 1e3).formatted(2).padded(7, left: true),
            share.formatted(3).padded(6, left: true), ratio.formatted(3),
            "\(((ratio / share - 1) * 100).formatted(0)) %".padded(6, left: true), separator: "  ")
    }

    /// The number of 64 × 64 blocks in which at least one query sees at least one key.
    private static func blocks(_ mask: any AttentionMask, _ length: Int) -> Double {
        let site = AttentionSite(batch: 0, head: 0, keys: length)
        var count = 0.0
        for first in stride(from: 0, to: length, by: 64) {
            var seen = [Bool](repeating: false, count: length / 64)
            for query in first..<first + 64 {
                for block in mask.visibleBlocks(query, site) { seen[block] = true }
            }
            count += Double(seen.count { $0 })
        }
        return count
    }
}

extension AttentionMask {
    fileprivate func visibleBlocks(_ query: Int, _ site: AttentionSite) -> [Int] {
        (0..<site.keys / 64).filter { visibleBits(query: query, keys: $0 * 64..<$0 * 64 + 64, at: site) != 0 }
    }
}
