import Attention
import AttentionTensors

/// The weights of one layer between runs of tokens.
struct LayerCapture {
    /// `[heads, rows, columns]`: the part of a row's weight, on average over its queries, that a column's
    /// keys have together.
    private(set) var weights: [Float]
    /// The columns that some query of each row can see.
    let visibleColumns: [Range<Int>]

    /// The most weights that are held at a time, 64 MiB.
    private static let mostWeights = 1 << 24

    init(_ observation: AttentionObservation, heads: [Int], rows: TokenRuns, columns: TokenRuns) throws {
        weights = []
        visibleColumns = rows.ranges.map { columns.seen(by: $0, observation) }
        let keys = columns.ranges.last?.upperBound ?? 0
        let queries = (rows.ranges.first?.lowerBound ?? 0)..<(rows.ranges.last?.upperBound ?? 0)
        if rows.ranges.count == queries.count, columns.ranges.count == keys {
            weights = try observation.weights(heads: heads, queries: queries).scalars
            return
        }
        weights = [Float](repeating: 0, count: heads.count * rows.ranges.count * columns.ranges.count)
        let atOnce = max(1, Self.mostWeights / max(1, heads.count * keys))
        for (row, run) in rows.ranges.enumerated() {
            for start in stride(from: run.lowerBound, to: run.upperBound, by: atOnce) {
                let part = start..<min(start + atOnce, run.upperBound)
                let exact = try observation.weights(heads: heads, queries: part).scalars
                add(exact, heads: heads.count, row: row, of: rows, to: columns)
            }
        }
    }

    /// Adds the weights of some of a row's queries, `[heads, queries, keys]`, each divided by the number of
    /// the row's queries.
    private mutating func add(
        _ exact: [Float], heads: Int, row: Int, of rows: TokenRuns, to columns: TokenRuns
    ) {
        let keys = columns.ranges.last?.upperBound ?? 0
        let lines = exact.count / max(1, heads * keys)
        let scale = 1 / Float(rows.ranges[row].count)
        for head in 0..<heads {
            let target = (head * rows.ranges.count + row) * columns.ranges.count
            for line in 0..<lines {
                let source = (head * lines + line) * keys
                for (column, run) in columns.ranges.enumerated() {
                    var sum: Float = 0
                    for key in run { sum += exact[source + key] }
                    weights[target + column] += sum * scale
                }
            }
        }
    }
}

extension TokenRuns {
    /// The runs of keys that at least one of the queries can see, from the first to the last.
    fileprivate func seen(by queries: Range<Int>, _ observation: AttentionObservation) -> Range<Int> {
        let mask = observation.attention.mask
        let keys = observation.key.shape[2]
        let heads = mask.dependence.contains(.head) ? observation.query.shape[1] : 1
        var seen: Range<Int>?
        for head in 0..<heads {
            for query in queries {
                let run = mask.visibleKeys(query: query, at: AttentionSite(batch: 0, head: head, keys: keys))
                guard !run.isEmpty else { continue }
                seen =
                    seen.map { min($0.lowerBound, run.lowerBound)..<max($0.upperBound, run.upperBound) }
                    ?? run
            }
        }
        guard let seen, let first = index(of: seen.lowerBound), let last = index(of: seen.upperBound - 1)
        else {
            return 0..<0
        }
        return first..<last + 1
    }
}
