import AttentionTensors

/// A few queries of one sequence against all of its keys: the step of a decoder. (A class, as
/// ``DecodeAttention`` is.)
final class DecodeSequence {
    /// The element of the batch: of the queries, of the mask's site and of the bias.
    let batch: Int
    /// Rows of the query tensor, and the position of the first one.
    let queries: Range<Int>
    let position: Int
    let rows: CachedRows
    /// The visible range of keys of each query, or, if the mask depends on the head, of each head's queries.
    let visible: [Range<Int>]
    /// The range that they span.
    let keys: Range<Int>
    /// The number of the sequence's keys.
    let keyCount: Int
    /// The position at which the first chunk of keys begins.
    let anchor: Int

    /// The most queries of a step. The cost of a step grows with their number; that of a tile grows only
    /// beyond one vector.
    static let mostQueries = 8
    /// Keys of a chunk, whose sums are taken on their own and then merged in order. 128 and 512 are alike.
    static let chunk = 256

    /// - Parameters:
    ///   - anchor: The position at which the first chunk begins; nil: the first visible key.
    init(
        _ problem: AttentionProblem, batch: Int, queries: Range<Int>, position: Int, keyCount: Int,
        anchor: Int?, rows: CachedRows
    ) {
        let mask = problem.parameters.mask
        let heads = mask.dependence.contains(.head) ? problem.extent.heads : 1
        visible = (0..<heads).flatMap { head in
            (0..<queries.count).map { index in
                mask.visibleKeys(
                    query: position + index, at: AttentionSite(batch: batch, head: head, keys: keyCount)
                ).clamped(to: 0..<keyCount)
            }
        }
        keys = visible.spanned
        self.keyCount = keyCount
        self.batch = batch
        self.queries = queries
        self.position = position
        self.anchor = anchor ?? keys.lowerBound
        self.rows = rows
    }

    /// The chunks, counted from the anchor, that hold keys to be seen.
    var chunks: Range<Int> {
        guard !keys.isEmpty else { return 0..<0 }
        return (keys.lowerBound - anchor) / Self.chunk..<(keys.upperBound - anchor + Self.chunk - 1)
            / Self.chunk
    }

    func keys(ofChunk chunk: Int) -> Range<Int> {
        anchor + chunk * Self.chunk..<anchor + (chunk + 1) * Self.chunk
    }

    /// The keys that the query `index` of `head` may see.
    func visible(query index: Int, head: Int) -> Range<Int> {
        visible[visible.count > queries.count ? head * queries.count + index : index]
    }
}
