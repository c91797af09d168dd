import AttentionTensors

/// The weights of a long text at a lower resolution: blocks of queries and keys as `rows × columns` cells for
/// each head.
///
/// Cell (r, c) holds the queries q with r = ⌊q · rows / Nq⌋ and the keys k with c = ⌊k · columns / Nk⌋, so
/// cells need not be of one size.
public struct WeightSummary: Sendable {
    /// `[B, heads, rows, columns]`: the mean of a cell's weights. Pairs that the mask hides count as weights
    /// of 0, so that a row's means, each times its number of keys, add up to 1.
    public let means: Tensor
    /// `[B, heads, rows, columns]`: the largest of a cell's weights, which shows the thin diagonals that
    /// means wash out.
    public let maxima: Tensor
    /// Nq and Nk.
    public let queryCount, keyCount: Int

    public var rows: Int { means.shape[2] }
    public var columns: Int { means.shape[3] }

    /// The queries of a row of cells.
    public func queries(row: Int) -> Range<Int> { Self.range(row, of: rows, in: queryCount) }

    /// The keys of a column of cells.
    public func keys(column: Int) -> Range<Int> { Self.range(column, of: columns, in: keyCount) }

    /// The numbers below `count` that fall into one of `cells` equal parts.
    static func range(_ index: Int, of cells: Int, in count: Int) -> Range<Int> {
        (index * count + cells - 1) / cells..<((index + 1) * count + cells - 1) / cells
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
        let problem = try AttentionProblem(self, query: query, key: key, value: key)
        let summary = try TiledAttention(problem).summary(
            logSumExp: logSumExp, heads: heads, rows: rows, columns: columns)
        func recorded(_ tensor: Tensor) -> Tensor {
            tensor.recordedWithoutBackward(
                as: "summary of attention's weights", if: isWatched(query, key, logSumExp))
        }
        return WeightSummary(
            means: recorded(summary.means), maxima: recorded(summary.maxima), queryCount: summary.queryCount,
            keyCount: summary.keyCount)
    }
}
