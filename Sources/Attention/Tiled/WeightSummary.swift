import AttentionTensors

/// The weights of a long text at a lower resolution: blocks of queries and keys as `rows × columns` cells for
/// each head.
///
/// A row of cells is a run of neighbouring queries, and a column a run of neighbouring keys. Where only their
/// number was asked for, cell (r, c) holds the queries q with r = ⌊q · rows / Nq⌋ and the keys k with
/// c = ⌊k · columns / Nk⌋, so cells need not be of one size.
public struct WeightSummary: Sendable {
    /// `[B, heads, rows, columns]`: the mean of a cell's weights. Pairs that the mask hides count as weights
    /// of 0, so that a row's means, each times its number of keys, add up to 1.
    public let means: Tensor
    /// `[B, heads, rows, columns]`: the largest of a cell's weights, which shows the thin diagonals that
    /// means wash out.
    public let maxima: Tensor
    /// Nq and Nk.
    public let queryCount, keyCount: Int
    let queryRuns, keyRuns: [Range<Int>]

    /// The number of cells along the queries.
    public var rows: Int { queryRuns.count }
    /// The number of cells along the keys.
    public var columns: Int { keyRuns.count }

    /// The queries of a row of cells.
    public func queries(row: Int) -> Range<Int> { queryRuns[row] }

    /// The keys of a column of cells.
    public func keys(column: Int) -> Range<Int> { keyRuns[column] }

    /// The numbers below `count` in so many parts of nearly equal size; nil where each could not have one.
    static func runs(_ parts: Int, in count: Int) -> [Range<Int>]? {
        guard parts >= 1, parts <= count else { return nil }
        return (0..<parts).map { index in
            (index * count + parts - 1) / parts..<((index + 1) * count + parts - 1) / parts
        }
    }
}

extension AttentionOperator {
    /// The softmax weights of whole heads at any resolution, in one pass and in memory that is linear in Nq
    /// and Nk: they are recomputed block by block, as in ``weights(query:key:logSumExp:heads:queries:)``, and
    /// blocks that the mask empties are left out. A summary has no backward pass: a gradient through it is an
    /// error.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, as for the forward pass.
    ///   - key: `[B, Hkv, Nk, D]`, as for the forward pass.
    ///   - logSumExp: `[B, Hq, Nq]`, from ``forward(query:key:value:)``.
    ///   - heads: Query heads, in the order in which they are wanted; nil: all.
    ///   - rows: The number of cells along the queries; at most Nq.
    ///   - columns: The number of cells along the keys; at most Nk.
    /// - Throws: `TensorError` if shapes or parameters do not fit together.
    public func weightSummary(
        query: Tensor, key: Tensor, logSumExp: Tensor, heads: [Int]? = nil, rows: Int, columns: Int
    ) throws -> WeightSummary {
        let extent = try AttentionProblem(self, query: query, key: key, value: key).extent
        guard let rowRuns = WeightSummary.runs(rows, in: extent.queries),
            let columnRuns = WeightSummary.runs(columns, in: extent.keys)
        else {
            throw TensorError.invalidArgument(
                "a summary of \(rows) × \(columns) cells of \(extent.queries) queries × \(extent.keys) keys")
        }
        return try weightSummary(
            query: query, key: key, logSumExp: logSumExp, heads: heads, rowRuns: rowRuns,
            columnRuns: columnRuns)
    }

    /// The same with cells of any size, of all queries or of a run of them.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, as for the forward pass.
    ///   - key: `[B, Hkv, Nk, D]`, as for the forward pass.
    ///   - logSumExp: `[B, Hq, Nq]`, from ``forward(query:key:value:)``.
    ///   - heads: Query heads, in the order in which they are wanted; nil: all.
    ///   - rowRuns: The queries of each row, at least one, each beginning where the one before ends.
    ///   - columnRuns: The keys of each column, at least one, each beginning where the one before ends;
    ///     together all keys.
    /// - Throws: `TensorError` if shapes or parameters do not fit together.
    public func weightSummary(
        query: Tensor, key: Tensor, logSumExp: Tensor, heads: [Int]? = nil, rowRuns: [Range<Int>],
        columnRuns: [Range<Int>]
    ) throws -> WeightSummary {
        let problem = try AttentionProblem(self, query: query, key: key, value: key)
        let summary = try TiledAttention(problem).summary(
            logSumExp: logSumExp, heads: heads, rows: rowRuns, columns: columnRuns)
        func recorded(_ tensor: Tensor) -> Tensor {
            tensor.recordedWithoutBackward(
                as: "summary of attention's weights", if: isWatched(query, key, logSumExp))
        }
        return WeightSummary(
            means: recorded(summary.means), maxima: recorded(summary.maxima), queryCount: summary.queryCount,
            keyCount: summary.keyCount, queryRuns: rowRuns, keyRuns: columnRuns)
    }
}
