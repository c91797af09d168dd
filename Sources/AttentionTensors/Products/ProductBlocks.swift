import CAttentionKernels

/// The pieces of work of a product `[m, k] · [k, n]`. They depend on the sizes and on the number of threads;
/// the bits of the result do not depend on them.
///
/// A piece is some rows by some panels of columns. Its rows of A (384 KiB at most) and one panel stay in the
/// second-level cache together. Where k is long, a piece goes through it block by block, and every output's
/// chain of multiply-adds goes on from one block to the next.
struct ProductBlocks {
    let rows, depth, columns: Int
    let panelWidth: Int
    let rowBlock: Int
    let depthBlock: Int
    let rowBlocks: Int
    let columnBlocks: Int
    private let panelsEach: Int
    private let work: Work

    init(rows: Int, depth: Int, columns: Int, kernels: Kernels) {
        (self.rows, self.depth, self.columns) = (rows, depth, columns)
        panelWidth = kernels.panelWidth
        work = .multiplyAdds(rows * depth * columns)
        // Blocks of k as even as can be: 512 and 1024 long do equally well, 256 is 3 % slower.
        let depthBlocks = max((depth + 1023) / 1024, 1)
        depthBlock = max((depth + depthBlocks - 1) / depthBlocks, 1)
        let tallest = min(max(98_304 / depthBlock, 48), 256)
        rowBlock = tallest / kernels.tileRows * kernels.tileRows
        rowBlocks = (rows + rowBlock - 1) / rowBlock
        let panels = (columns + panelWidth - 1) / panelWidth
        let pieces = work < .worthSharing ? 1 : 4 * WorkerPool.current.threadCount
        let wanted = min(panels, max(1, (pieces + rowBlocks - 1) / max(rowBlocks, 1)))
        panelsEach = max((panels + wanted - 1) / max(wanted, 1), 1)
        columnBlocks = (panels + panelsEach - 1) / panelsEach
    }

    /// The blocks of k, in order.
    var depthRanges: [Range<Int>] {
        guard depth > 0 else { return [0..<0] }
        return stride(from: 0, to: depth, by: depthBlock).map { $0..<min($0 + depthBlock, depth) }
    }

    /// `body` for every piece.
    func pieces(_ body: @escaping (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) -> PieceLoop {
        let (rows, columns, rowBlock, columnBlocks) = (rows, columns, rowBlock, columnBlocks)
        let width = panelsEach * panelWidth
        return PieceLoop(count: rowBlocks * columnBlocks, work: work) { item in
            let (row, column) = (item / columnBlocks * rowBlock, item % columnBlocks * width)
            body(row..<min(row + rowBlock, rows), column..<min(column + width, columns))
        }
    }

    /// Calls `body` for every piece, on the threads of the current pool.
    func forEachPiece(_ body: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        withoutActuallyEscaping(body) { PieceLoop.run([pieces($0)]) }
    }

    /// Calls `body` for every panel of columns, on the threads of the current pool.
    func forEachPanel(_ body: (_ panel: Int, _ columns: Range<Int>) -> Void) {
        WorkerPool.current.run(count: (columns + panelWidth - 1) / panelWidth, work: work) { panel, _ in
            body(panel, panel * panelWidth..<min((panel + 1) * panelWidth, columns))
        }
    }
}
