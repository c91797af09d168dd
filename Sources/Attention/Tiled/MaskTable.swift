import AttentionTensors

/// The values of a mask that is no interval, for one block of queries: a bit for each row and key, in the
/// order in which the kernels read them, and the coverage of each block of keys.
///
/// The mask is evaluated once for all heads that share its values.
package struct MaskTable {
    /// The keys of one block that a panel sees.
    package struct Step {
        /// The keys from the first that any row sees to the last.
        package let keys: Range<Int>
        /// Whether all rows see all of those.
        package let isWhole: Bool
    }

    /// For each panel a word a key of its span; bit i stands for lane i.
    private let words: UnsafeMutablePointer<UInt64>
    /// The beginning of each panel's words.
    private let offsets: [Int]
    /// For each panel, its step in each block of keys.
    private var steps: [[Step]] = []
    private let firstKey: Int

    /// The most words of the tables that are held together: 16 MiB.
    static let mostWords = 1 << 21

    /// The most words of the table of a block of queries.
    static func mostWordsOfBlock(_ tiled: TiledAttention) -> Int {
        let width = tiled.kernels.panelWidth
        return (TiledAttention.blockRows + width - 1) / width * tiled.problem.extent.keys
    }

    /// The number of words of a plan's table.
    package static func wordCount(_ plan: QueryPlan) -> Int { plan.panels.reduce(0) { $0 + $1.span.count } }

    /// - Parameters:
    ///   - batch, firstHead: As for the plan.
    ///   - words: ``wordCount(_:)`` words, which must outlive the table.
    ///   - firstKey: Where the blocks of keys begin; nil: at the plan's first key.
    package init(
        _ plan: QueryPlan, _ problem: AttentionProblem, batch: Int, firstHead: Int,
        words: UnsafeMutablePointer<UInt64>, firstKey: Int? = nil
    ) {
        self.words = words
        let firstKey = firstKey ?? plan.keys.lowerBound
        self.firstKey = firstKey
        var end = 0
        offsets = plan.panels.map { panel in
            defer { end += panel.span.count }
            return end
        }
        for (panel, offset) in zip(plan.panels, offsets) {
            let own = words + offset
            let reader = MaskReader(panel, plan.rows, problem, batch: batch, firstHead: firstHead)
            steps.append(
                stride(from: firstKey, to: plan.keys.upperBound, by: TiledAttention.keyBlock).map { first in
                    let keys = (first..<first + TiledAttention.keyBlock).clamped(to: panel.span)
                    let target = own + (keys.lowerBound - panel.span.lowerBound)
                    reader.read(keys, into: target)
                    return Self.step(keys, UnsafePointer(target), rows: panel.rows.count)
                })
        }
    }

    private static func step(_ keys: Range<Int>, _ words: UnsafePointer<UInt64>, rows: Int) -> Step {
        let whole = UInt64.max >> UInt64(64 - rows)
        guard let first = keys.indices.first(where: { words[$0 - keys.lowerBound] != 0 }),
            let last = keys.indices.last(where: { words[$0 - keys.lowerBound] != 0 })
        else { return Step(keys: keys.lowerBound..<keys.lowerBound, isWhole: false) }
        return Step(
            keys: first..<last + 1,
            isWhole: (first...last).allSatisfy { words[$0 - keys.lowerBound] == whole })
    }

    /// The step of a panel in the block of keys that begins at `first`.
    package func step(panel index: Int, firstKey first: Int) -> Step {
        steps[index][(first - firstKey) / TiledAttention.keyBlock]
    }

    /// The words of a panel's keys from `key` on.
    package func words(_ panel: QueryPlan.Panel, index: Int, from key: Int) -> UnsafePointer<UInt64> {
        UnsafePointer(words + offsets[index] + (key - panel.span.lowerBound))
    }
}

/// A reader of a mask's values for the rows of a panel.
private struct MaskReader {
    /// The query and head of a lane.
    private struct Lane {
        let position: Int
        let site: AttentionSite
        let visible: Range<Int>
        /// Whether the lane before has the same values.
        let isRepeated: Bool
    }

    private let mask: any AttentionMask
    private let lanes: [Lane]
    /// The positions of the queries, and the sites where the mask's values may differ.
    private let positions: Range<Int>
    private let sites: [AttentionSite]

    init(_ panel: QueryPlan.Panel, _ rows: BlockRows, _ problem: AttentionProblem, batch: Int, firstHead: Int)
    {
        func site(_ head: Int) -> AttentionSite {
            AttentionSite(batch: batch, head: firstHead + head, keys: problem.extent.keys)
        }
        mask = problem.parameters.mask
        let tellsHeadsApart = mask.dependence.contains(.head)
        lanes = panel.rows.enumerated().map { lane, row in
            Lane(
                position: problem.positions[rows.query(row)], site: site(rows.head(row)),
                visible: panel.visible[lane],
                isRepeated: !tellsHeadsApart && lane > 0 && rows.query(row) == rows.query(row - 1))
        }
        positions = problem.positions.range(
            rows.query(panel.rows.lowerBound)..<rows.query(panel.rows.upperBound - 1) + 1)
        sites = (tellsHeadsApart ? rows.heads : rows.heads.prefix(1)).map(site)
    }

    /// A word for each of `keys`, with a bit for each lane.
    func read(_ keys: Range<Int>, into words: UnsafeMutablePointer<UInt64>) {
        guard !keys.isEmpty else { return }
        switch coverage(keys) {
        case .empty: words.update(repeating: 0, count: keys.count)
        case .full: words.update(repeating: .max >> UInt64(64 - lanes.count), count: keys.count)
        case .partial:
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { square in
                for first in stride(from: keys.lowerBound, to: keys.upperBound, by: 64) {
                    let part = first..<min(first + 64, keys.upperBound)
                    square.initialize(repeating: 0)
                    askLanes(part, square)
                    transpose(square)
                    (words + (first - keys.lowerBound)).update(from: square.baseAddress!, count: part.count)
                }
            }
        }
    }

    private func coverage(_ keys: Range<Int>) -> MaskCoverage {
        var found: MaskCoverage?
        for site in sites {
            let own = mask.coverage(queries: positions, keys: keys, at: site)
            if own == .partial || (found ?? own) != own { return .partial }
            found = own
        }
        return found ?? .empty
    }

    /// A word for each lane, with a bit for each key.
    private func askLanes(_ keys: Range<Int>, _ square: UnsafeMutableBufferPointer<UInt64>) {
        for (index, lane) in lanes.enumerated() {
            if lane.isRepeated {
                square[index] = square[index - 1]
                continue
            }
            let seen = lane.visible.clamped(to: keys)
            guard !seen.isEmpty else { continue }
            let bits = mask.visibleBits(query: lane.position, keys: seen, at: lane.site)
            square[index] = bits << UInt64(seen.lowerBound - keys.lowerBound)
        }
    }

    /// Exchanges rows and columns of 64 × 64 bits: squares of 32, then of 16, and so on.
    private func transpose(_ square: UnsafeMutableBufferPointer<UInt64>) {
        var (size, low) = (32, UInt64(0xffff_ffff))
        while size > 0 {
            var row = 0
            while row < 64 {
                let other = row + size
                let swapped = (square[row] >> UInt64(size) ^ square[other]) & low
                square[row] ^= swapped << UInt64(size)
                square[other] ^= swapped
                row = (other + 1) & ~size
            }
            size /= 2
            low ^= low << UInt64(size)
        }
    }
}
