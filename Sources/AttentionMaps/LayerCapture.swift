import Attention
import AttentionTensors

/// The weights of one layer between runs of tokens.
struct LayerCapture {
    /// `[heads, rows, columns]`: the part of a row's weight, on average over its queries, that a column's
    /// keys have together.
    let weights: [Float]
    /// The columns that some query of each row can see.
    let visibleColumns: [Range<Int>]

    init(_ observation: AttentionObservation, heads: [Int], rows: TokenRuns, columns: TokenRuns) throws {
        visibleColumns = rows.ranges.map { columns.seen(by: $0, observation) }
        let keys = columns.ranges.last?.upperBound ?? 0
        let queries = (rows.ranges.first?.lowerBound ?? 0)..<(rows.ranges.last?.upperBound ?? 0)
        if rows.ranges.count == queries.count, columns.ranges.count == keys {
            weights = try observation.weights(heads: heads, queries: queries).scalars
        } else {
            weights = try observation.weightSummary(
                heads: heads, rowRuns: rows.ranges, columnRuns: columns.ranges
            )
            .shares(batch: 0)
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
