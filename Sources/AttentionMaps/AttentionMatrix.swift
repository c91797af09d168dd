/// The weights between queries and keys of one head, or of several heads combined: `[Nq, Nk]`.
public struct AttentionMatrix: Sendable, Equatable {
    /// The number of rows, `Nq`.
    public let queryCount: Int
    /// The number of columns, `Nk`.
    public let keyCount: Int
    /// The weights, `[Nq, Nk]`, row by row.
    public let weights: [Float]

    package init(queryCount: Int, keyCount: Int, weights: [Float]) {
        precondition(weights.count == queryCount * keyCount, "the weights must fill the matrix")
        self.queryCount = queryCount
        self.keyCount = keyCount
        self.weights = weights
    }

    /// The weight of the key for the query.
    public subscript(query query: Int, key key: Int) -> Float {
        precondition(key >= 0 && key < keyCount, "key \(key) is outside 0..<\(keyCount)")
        return weights[query * keyCount + key]
    }

    /// The weights of one query over all keys.
    public func row(_ query: Int) -> ArraySlice<Float> {
        weights[query * keyCount..<(query + 1) * keyCount]
    }

    /// The largest weight.
    public var largest: Float { weights.max() ?? 0 }

    /// Keeps the chosen key columns and, if asked, scales every row to sum to 1 again; a row that put
    /// nothing on the columns kept stays zero.
    package func keepingKeys(_ kept: [Int], renormalizing: Bool) -> AttentionMatrix {
        var result: [Float] = []
        result.reserveCapacity(queryCount * kept.count)
        for query in 0..<queryCount {
            let row = kept.map { self[query: query, key: $0] }
            let sum = row.reduce(0, +)
            // Dividing rounds; a lone weight must not come out above 1.
            result += renormalizing && sum > 0 ? row.map { min($0 / sum, 1) } : row
        }
        return AttentionMatrix(queryCount: queryCount, keyCount: kept.count, weights: result)
    }

    /// The matrix with at most `limit` rows and columns, each cell the largest weight that falls in it:
    /// averages would wash out the thin diagonals that make a head worth looking at.
    package func pooled(to limit: Int) -> AttentionMatrix {
        let rows = min(queryCount, limit)
        let columns = min(keyCount, limit)
        guard rows < queryCount || columns < keyCount else { return self }
        var result = [Float](repeating: 0, count: rows * columns)
        for query in 0..<queryCount {
            let base = query * rows / queryCount * columns
            for key in 0..<keyCount {
                let cell = base + key * columns / keyCount
                result[cell] = max(result[cell], weights[query * keyCount + key])
            }
        }
        return AttentionMatrix(queryCount: rows, keyCount: columns, weights: result)
    }
}
