import AttentionTensors
import CAttentionKernels

extension TiledAttention {
    /// The weights of chosen heads, in `rows × columns` cells each.
    ///
    /// An item is a few whole rows of cells with all their queries: it adds up its own cells, in an order
    /// that does not depend on the other items.
    func summary(
        logSumExp: Tensor, heads: [Int]?, rows: Int, columns: Int
    ) throws(TensorError) -> WeightSummary {
        let extent = problem.extent
        let heads = try checkedHeads(heads, logSumExp)
        guard (1...max(extent.queries, 1)).contains(rows), (1...max(extent.keys, 1)).contains(columns),
            extent.queries > 0, extent.keys > 0
        else {
            throw .invalidArgument(
                "a summary of \(rows) × \(columns) cells of \(extent.queries) queries × \(extent.keys) keys")
        }
        let shape: Shape = [extent.batch, heads.count, rows, columns]
        let rowsEach = max(Self.blockRows * rows / extent.queries, 1)
        let itemsEach = (rows + rowsEach - 1) / rowsEach
        var maxima: Tensor?
        let means = Tensor(shape: shape) { means in
            maxima = Tensor(shape: shape) { maxima in
                guard let means = means.baseAddress, let maxima = maxima.baseAddress else { return }
                forEachSingleHead(extent.batch * heads.count * itemsEach) { item, memory in
                    let (matrix, part) = item.quotientAndRemainder(dividingBy: itemsEach)
                    let cells = CellGrid(
                        rows: part * rowsEach..<min((part + 1) * rowsEach, rows), allRows: rows,
                        columns: columns,
                        queries: extent.queries, keys: extent.keys, means: means + matrix * rows * columns,
                        maxima: maxima + matrix * rows * columns)
                    cells.clear()
                    let queries = cells.queries
                    for first in stride(from: queries.lowerBound, to: queries.upperBound, by: Self.blockRows)
                    {
                        let block = memory.block(
                            batch: matrix / heads.count, head: heads[matrix % heads.count],
                            queries: first..<min(first + Self.blockRows, queries.upperBound))
                        block.add(to: cells, logSumExp: logSumExp)
                    }
                    cells.divide()
                }
            }
        }
        return WeightSummary(
            means: means, maxima: maxima!, queryCount: extent.queries, keyCount: extent.keys)
    }
}

/// The cells of one head that an item fills: some rows, and all columns.
private struct CellGrid {
    let rows: Range<Int>
    let allRows, columns: Int
    let queryCount, keyCount: Int
    /// `[allRows, columns]`; sums until ``divide()``.
    let means, maxima: UnsafeMutablePointer<Float>

    init(
        rows: Range<Int>, allRows: Int, columns: Int, queries: Int, keys: Int,
        means: UnsafeMutablePointer<Float>,
        maxima: UnsafeMutablePointer<Float>
    ) {
        self.rows = rows
        self.allRows = allRows
        self.columns = columns
        (queryCount, keyCount) = (queries, keys)
        (self.means, self.maxima) = (means, maxima)
    }

    /// All queries of the rows.
    var queries: Range<Int> {
        queries(rows.lowerBound).lowerBound..<queries(rows.upperBound - 1).upperBound
    }

    func queries(_ row: Int) -> Range<Int> { WeightSummary.range(row, of: allRows, in: queryCount) }
    func keys(_ column: Int) -> Range<Int> { WeightSummary.range(column, of: columns, in: keyCount) }
    func row(of query: Int) -> Int { query * allRows / queryCount }
    func column(of key: Int) -> Int { key * columns / keyCount }

    func clear() {
        let count = rows.count * columns
        (means + rows.lowerBound * columns).initialize(repeating: 0, count: count)
        (maxima + rows.lowerBound * columns).initialize(repeating: 0, count: count)
    }

    func divide() {
        for row in rows {
            let queries = Float(queries(row).count)
            for column in 0..<columns { means[row * columns + column] /= queries * Float(keys(column).count) }
        }
    }
}

extension QueryBlock {
    /// Adds the weights of the block's queries to their cells.
    fileprivate func add(to cells: CellGrid, logSumExp: Tensor) {
        // Where the cells that a panel meets end, in lanes: few enough to be found anew for every tile.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: tiled.kernels.panelWidth) { ends in
            forEachWeights(logSumExp: logSumExp) { panel, keys, weights in
                let first = plan.rows.query(panel.rows.lowerBound)
                let last = plan.rows.query(panel.rows.upperBound - 1)
                let rows = cells.row(of: first)...cells.row(of: last)
                for (index, row) in rows.enumerated() {
                    ends[index] = Int32(min(cells.queries(row).upperBound, last + 1) - first)
                }
                for column in cells.column(of: keys.lowerBound)...cells.column(of: keys.upperBound - 1) {
                    let part = cells.keys(column).clamped(to: keys)
                    let cell = rows.lowerBound * cells.columns + column
                    kernels.summary.reduce_tile(
                        weights + (part.lowerBound - keys.lowerBound) * panel.lanes, Int32(panel.vectors),
                        Int64(part.count), ends.baseAddress, Int64(rows.count), cells.means + cell,
                        cells.maxima + cell, cells.columns)
                }
            }
        }
    }
}
