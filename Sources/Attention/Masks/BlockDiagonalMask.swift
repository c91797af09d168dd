import AttentionTensors

/// A mask for sequences laid end to end: a query sees the keys of its own sequence.
///
/// The work is that of the sequences alone, and so are the bits of the results: nothing is padded, and a
/// sequence's numbers do not depend on what it was packed with.
///
/// Positions count through all sequences. Where there are as many queries as keys, or nothing compares
/// positions, it goes with ``QueryAlignment/topLeft``; where the queries are only the last ones of each
/// sequence, with ``QueryAlignment/packed(queryLengths:keyLengths:)``, which puts them at the positions of
/// their keys.
public struct BlockDiagonalMask: IntervalMask {
    /// The beginning of each sequence, and the end of the last one.
    public let queryBoundaries: [Int]
    private let keyBoundaries: [Int]

    /// - Parameters:
    ///   - queryLengths: The number of queries of each sequence.
    ///   - keyLengths: The number of keys of each, for cross-attention; nil: as many as queries.
    /// - Throws: `TensorError.invalidArgument` if a length is negative, or the counts differ.
    public init(queryLengths: [Int], keyLengths: [Int]? = nil) throws(TensorError) {
        let keyLengths = keyLengths ?? queryLengths
        guard queryLengths.count == keyLengths.count else {
            throw .invalidArgument(
                "\(queryLengths.count) sequences of queries against \(keyLengths.count) sequences of keys")
        }
        queryBoundaries = try Self.boundaries(queryLengths)
        keyBoundaries = try Self.boundaries(keyLengths)
    }

    private static func boundaries(_ lengths: [Int]) throws(TensorError) -> [Int] {
        var ends = [0]
        for length in lengths {
            let (end, overflow) = ends[ends.count - 1].addingReportingOverflow(length)
            guard length >= 0, !overflow else { throw .invalidArgument("a sequence of \(length) positions") }
            ends.append(end)
        }
        return ends
    }

    /// Sequences that attend to themselves.
    ///
    /// - Parameter lengths: The number of positions of each sequence.
    /// - Throws: `TensorError.invalidArgument` if a length is negative.
    public init(_ lengths: [Int]) throws(TensorError) { try self.init(queryLengths: lengths) }

    public var dependence: MaskDependence { .positions }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        guard query >= 0, query < queryBoundaries[queryBoundaries.count - 1] else { return 0..<0 }
        // The last sequence that begins at or before the query.
        var (low, high) = (0, queryBoundaries.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if queryBoundaries[middle] <= query { low = middle } else { high = middle }
        }
        return keyBoundaries[low]..<keyBoundaries[low + 1]
    }

    public func validate(for extent: AttentionExtent) throws {
        if extent.hasPackedQueries {
            // Queries stand at positions of keys, so the mask must be one of keys to keys.
            guard queryBoundaries == keyBoundaries, keyBoundaries.last == extent.keys else {
                throw TensorError.invalidArgument(
                    "with packed queries the mask holds the keys' lengths, \(extent.keys) keys in all; "
                        + "this one holds \(queryBoundaries.last ?? 0) queries "
                        + "and \(keyBoundaries.last ?? 0) keys")
            }
            return
        }
        // The boundaries count rows; with another alignment a row's position would fall into another
        // sequence.
        guard extent.queryOffset == 0 else {
            throw TensorError.invalidArgument(
                "packed sequences begin at position 0, but the alignment puts the first query "
                    + "at \(extent.queryOffset)")
        }
        let (queries, keys) = (
            queryBoundaries[queryBoundaries.count - 1], keyBoundaries[keyBoundaries.count - 1]
        )
        guard queries == extent.queries, keys == extent.keys else {
            throw TensorError.invalidArgument(
                "the packed sequences hold \(queries) queries and \(keys) keys; "
                    + "the tensors hold \(extent.queries) and \(extent.keys)")
        }
    }
}
