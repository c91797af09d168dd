import CAttentionKernels

/// How a product `[m, k] · [k, n]` is cut into pieces of work. What is cut depends on the sizes and on the number of
/// threads; no bit of the result depends on how.
///
/// A piece is some rows by some panels of columns. Its rows of A (384 KiB at most) and one panel stay in the
/// second-level cache together. Where k is long, a piece goes through it block by block, and every output's chain of
/// multiply-adds goes on from one block to the next.
struct ProductBlocks {
    let rows, depth, columns: Int
    let panelWidth: Int
    let rowBlock: Int
    let depthBlock: Int
    let rowBlocks: Int
    let columnBlocks: Int
    private let panelsEach: Int
    /// Not worth a second thread.
    private let isSmall: Bool

    init(rows: Int, depth: Int, columns: Int, kernels: Kernels) {
        (self.rows, self.depth, self.columns) = (rows, depth, columns)
        panelWidth = kernels.panelWidth
        isSmall = Work.multiplyAdds(rows * depth * columns) < .worthSharing
        // Blocks of k as even as can be: 512 and 1024 long do equally well, 256 is 3 % slower.
        let depthBlocks = max((depth + 1023) / 1024, 1)
        depthBlock = max((depth + depthBlocks - 1) / depthBlocks, 1)
        let tallest = min(max(98_304 / depthBlock, 48), 256)
        rowBlock = tallest / kernels.tileRows * kernels.tileRows
        rowBlocks = (rows + rowBlock - 1) / rowBlock
        let panels = (columns + panelWidth - 1) / panelWidth
        let pieces = isSmall ? 1 : 4 * WorkerPool.current.threadCount
        let wanted = min(panels, max(1, (pieces + rowBlocks - 1) / max(rowBlocks, 1)))
        panelsEach = max((panels + wanted - 1) / max(wanted, 1), 1)
        columnBlocks = (panels + panelsEach - 1) / panelsEach
    }

    /// The blocks of k, in order.
    var depthRanges: [Range<Int>] {
        guard depth > 0 else { return [0..<0] }
        return stride(from: 0, to: depth, by: depthBlock).map { $0..<min($0 + depthBlock, depth) }
    }

    /// Calls `body` for every piece, on the threads of the current pool.
    func forEachPiece(_ body: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        run(count: rowBlocks * columnBlocks) { item in
            let row = item / columnBlocks * rowBlock
            let column = item % columnBlocks * panelsEach * panelWidth
            body(
                row..<min(row + rowBlock, rows), column..<min(column + panelsEach * panelWidth, columns))
        }
    }

    /// Calls `body` for every panel of columns, on the threads of the current pool.
    func forEachPanel(_ body: (_ panel: Int, _ columns: Range<Int>) -> Void) {
        run(count: (columns + panelWidth - 1) / panelWidth) { panel in
            body(panel, panel * panelWidth..<min((panel + 1) * panelWidth, columns))
        }
    }

    private func run(count: Int, _ body: (Int) -> Void) {
        if isSmall {
            for item in 0..<count { body(item) }
        } else {
            WorkerPool.current.run(count: count) { item, _ in body(item) }
        }
    }
}
