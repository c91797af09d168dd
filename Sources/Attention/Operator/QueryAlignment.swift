import AttentionTensors

/// The positions of the queries among the keys: query row i is at position `offset + i`, key row j at
/// position j.
///
/// It matters to masks and biases that compare positions (causal and window masks, ALiBi) when the numbers of
/// queries and keys differ.
public enum QueryAlignment: Hashable, Sendable {
    /// The first query is at the first key, as in PyTorch's `is_causal`.
    case topLeft
    /// The last query is at the last key, as in decoding with a cache and in FlashAttention since 2.1.
    case bottomRight
    /// The first query is at this position: the number of keys that were there before it.
    case offset(Int)
    /// Several sequences end to end, and of each the last few queries: every sequence is aligned
    /// bottom-right.
    case packed(PackedQueries)

    /// Several sequences end to end, of which the queries are the last few positions: a batch of caches of
    /// unequal lengths, each with its new tokens. It goes with a ``BlockDiagonalMask`` over the keys'
    /// lengths:
    ///
    ///     AttentionOperator(
    ///         mask: try BlockDiagonalMask(keyLengths) & .causal,
    ///         alignment: try .packed(queryLengths: queryLengths, keyLengths: keyLengths))
    ///
    /// - Throws: `TensorError.invalidArgument` if a length is negative, or a sequence has more queries than
    ///   keys.
    public static func packed(queryLengths: [Int], keyLengths: [Int]) throws(TensorError) -> QueryAlignment {
        .packed(try PackedQueries(queryLengths: queryLengths, keyLengths: keyLengths))
    }

    /// The positions of `queries` rows.
    ///
    /// - Throws: `TensorError.invalidArgument` if packed lengths do not add up to `queries` and `keys`.
    package func positions(queries: Int, keys: Int) throws(TensorError) -> QueryPositions {
        switch self {
        case .topLeft: QueryPositions(offset: 0, count: queries)
        case .bottomRight: QueryPositions(offset: keys - queries, count: queries)
        case .offset(let offset): QueryPositions(offset: offset, count: queries)
        case .packed(let packed): try packed.positions(queries: queries, keys: keys)
        }
    }
}

/// Sequences laid end to end, of which only the last queries are there.
public struct PackedQueries: Hashable, Sendable {
    /// The number of queries of each sequence.
    public let queryLengths: [Int]
    /// The number of keys of each.
    public let keyLengths: [Int]

    /// - Throws: `TensorError.invalidArgument` if a length is negative, or a sequence has more queries than
    ///   keys.
    public init(queryLengths: [Int], keyLengths: [Int]) throws(TensorError) {
        guard queryLengths.count == keyLengths.count else {
            throw .invalidArgument(
                "\(queryLengths.count) sequences of queries against \(keyLengths.count) sequences of keys")
        }
        for (queries, keys) in zip(queryLengths, keyLengths) where queries < 0 || queries > keys {
            throw .invalidArgument("a packed sequence of \(queries) queries and \(keys) keys")
        }
        self.queryLengths = queryLengths
        self.keyLengths = keyLengths
    }

    fileprivate func positions(queries: Int, keys: Int) throws(TensorError) -> QueryPositions {
        // A sum that overflows is no tensor's extent.
        func sum(_ lengths: [Int]) -> Int? {
            lengths.reduce(0 as Int?) { total, length in
                guard let (sum, overflow) = total?.addingReportingOverflow(length), !overflow else {
                    return nil
                }
                return sum
            }
        }
        guard sum(queryLengths) == queries, sum(keyLengths) == keys else {
            throw .invalidArgument(
                "the packed lengths are those of \(sum(queryLengths) ?? .max) queries and "
                    + "\(sum(keyLengths) ?? .max) keys; the tensors hold \(queries) and \(keys)")
        }
        var positions: [Int] = []
        var starts: [Int] = []
        var end = 0
        for (queryLength, keyLength) in zip(queryLengths, keyLengths) {
            end += keyLength
            starts.append(positions.count)
            positions += end - queryLength..<end
        }
        return QueryPositions(packed: positions, starts: starts)
    }
}

/// The position of every query row; positions ascend.
package struct QueryPositions: Sendable {
    private let offset: Int
    private let count: Int
    private let packed: [Int]?
    /// Rows at which packed sequences begin, ascending.
    package let starts: [Int]

    fileprivate init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
        packed = nil
        starts = []
    }

    fileprivate init(packed: [Int], starts: [Int]) {
        offset = packed.first ?? 0
        count = packed.count
        self.packed = packed
        self.starts = starts
    }

    package var first: Int { offset }
    /// The last position; the first one if there are no queries.
    var last: Int { packed?.last ?? offset + max(count - 1, 0) }
    package var arePacked: Bool { packed != nil }

    package subscript(row: Int) -> Int { packed?[row] ?? offset + row }

    /// The positions of rows that follow each other without a gap.
    package func range(_ rows: Range<Int>) -> Range<Int> {
        guard let first = rows.first else { return 0..<0 }
        return self[first]..<self[first] + rows.count
    }
}
