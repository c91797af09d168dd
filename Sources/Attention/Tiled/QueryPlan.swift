import AttentionTensors

/// The rows of a block: the queries of a range, each in all heads of a range that share a key head.
///
/// The heads of one query are neighbours. So few queries of many heads fill panels as well as many queries of
/// one, keys and values are read once for the whole group, and a panel's rows see much the same keys.
package struct BlockRows: Sendable {
    /// Rows of the query tensor.
    package let queries: Range<Int>
    /// Counted from the first head of the group.
    package let heads: Range<Int>

    package var count: Int { queries.count * heads.count }
    package func query(_ row: Int) -> Int { queries.lowerBound + row / heads.count }
    package func head(_ row: Int) -> Int { heads.lowerBound + row % heads.count }

    /// All blocks of a problem: at most ``TiledAttention/blockRows`` rows each, cut where packed sequences
    /// begin.
    static func blocks(of problem: AttentionProblem) -> [BlockRows] {
        let count = problem.extent.queries
        guard count > 0, problem.extent.heads > 0 else { return [] }
        let group = problem.group
        let heads = (group + TiledAttention.blockRows - 1) / TiledAttention.blockRows
        let headCount = (group + heads - 1) / heads
        let queryCount = max(TiledAttention.blockRows / headCount, 1)
        let cuts = problem.queryCuts
        return zip([0] + cuts, cuts + [count]).flatMap { start, end in
            stride(from: start, to: end, by: queryCount).flatMap { first in
                stride(from: 0, to: group, by: headCount).map { head in
                    BlockRows(
                        queries: first..<min(first + queryCount, end),
                        heads: head..<min(head + headCount, group))
                }
            }
        }
    }
}

extension AttentionProblem {
    /// Rows at which packed sequences begin, the first aside, ascending.
    var queryCuts: [Int] {
        let cuts =
            positions.arePacked
            ? positions.starts : parameters.mask.queryBoundaries.map { $0 - positions.first }.sorted()
        return cuts.filter { $0 > 0 && $0 < extent.queries }
    }
}

/// The part of a block of queries that depends on the mask and on positions: its panels, and the keys that
/// each may see. Heads and batch elements for which the mask has the same values share it.
package struct QueryPlan: Sendable {
    package let rows: BlockRows
    package let panels: [Panel]
    /// The keys that at least one row may see.
    package let keys: Range<Int>

    /// As many rows as the lanes of a few vectors.
    package struct Panel: Sendable {
        /// Rows of the block; the first one is also the panel's first lane in the block's scratch memory.
        package let rows: Range<Int>
        package let vectors: Int
        package let lanes: Int
        /// The run of keys that each row may see, and what all of them span.
        package let visible: [Range<Int>]
        package let span: Range<Int>
        /// The keys that all rows see, for a mask that is an interval.
        package let common: Range<Int>

        package var lane: Int { rows.lowerBound }
    }

    /// - Parameters:
    ///   - batch, firstHead: The element of the batch, and the query head of the group's head 0; any that
    ///     share the mask's answers.
    package init(
        _ problem: AttentionProblem, _ kernels: Kernels, _ rows: BlockRows, batch: Int, firstHead: Int
    ) {
        self.rows = rows
        let tellsHeadsApart = problem.parameters.mask.dependence.contains(.head)
        var visible: [Range<Int>] = []
        visible.reserveCapacity(rows.count)
        for query in rows.queries {
            for head in rows.heads {
                let isKnown = head > rows.heads.lowerBound && !tellsHeadsApart
                visible.append(
                    isKnown
                        ? visible[visible.count - 1]
                        : problem.visibleKeys(row: query, batch: batch, head: firstHead + head))
            }
        }
        panels = stride(from: 0, to: rows.count, by: kernels.panelWidth).map { start in
            let part = start..<min(start + kernels.panelWidth, rows.count)
            return Panel(rows: part, visible: Array(visible[part]), laneWidth: kernels.laneWidth)
        }
        keys = panels.map(\.span).spanned
    }
}

extension QueryPlan.Panel {
    fileprivate init(rows: Range<Int>, visible: [Range<Int>], laneWidth: Int) {
        self.rows = rows
        self.visible = visible
        vectors = (rows.count + laneWidth - 1) / laneWidth
        lanes = vectors * laneWidth
        span = visible.spanned
        let (first, last) = visible.reduce((Int.min, Int.max)) {
            (max($0.0, $1.lowerBound), min($0.1, $1.upperBound))
        }
        common = first..<max(first, last)
    }
}

extension [Range<Int>] {
    /// The smallest range that holds all that are not empty.
    var spanned: Range<Int> {
        var result = 0..<0
        for range in self where !range.isEmpty {
            result =
                result.isEmpty
                ? range
                : Swift.min(
                    result.lowerBound, range.lowerBound)..<Swift.max(result.upperBound, range.upperBound)
        }
        return result
    }
}
