import AttentionTensors
import CAttentionKernels

extension TiledAttention {
    /// The weights of chosen heads, in `rows × columns` cells each: runs of queries and of keys.
    ///
    /// An item is a few whole rows of cells with all their queries: it adds up its own cells, in an order
    /// that does not depend on the other items.
    func summary(
        logSumExp: Tensor, heads: [Int]?, rows rowRuns: [Range<Int>], columns columnRuns: [Range<Int>]
    ) throws(TensorError) -> WeightSummary {
        let extent = problem.extent
        let heads = try checkedHeads(heads, logSumExp)
        guard let rows = CellRuns(rowRuns, in: 0..<extent.queries),
            let columns = CellRuns(columnRuns, in: 0..<extent.keys), columns.all == 0..<extent.keys
        else {
            throw .invalidArgument(
                "a summary's rows are neighbouring runs of the \(extent.queries) queries, and its columns "
                    + "neighbouring runs of all \(extent.keys) keys")
        }
        let shape: Shape = [extent.batch, heads.count, rows.count, columns.count]
        let size = rows.count * columns.count
        let rowsEach = max(Self.blockRows * rows.count / rows.all.count, 1)
        let itemsEach = (rows.count + rowsEach - 1) / rowsEach
        var maxima: Tensor?
        let means = Tensor(shape: shape) { means in
            maxima = Tensor(shape: shape) { maxima in
                guard let means = means.baseAddress, let maxima = maxima.baseAddress else { return }
                forEachSingleHead(extent.batch * heads.count * itemsEach) { item, memory in
                    let (matrix, part) = item.quotientAndRemainder(dividingBy: itemsEach)
                    let cells = CellGrid(
                        part: part * rowsEach..<min((part + 1) * rowsEach, rows.count), rows: rows,
                        columns: columns, means: means + matrix * size, maxima: maxima + matrix * size)
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
            means: means, maxima: maxima!, queryCount: extent.queries, keyCount: extent.keys,
            queryRuns: rowRuns, keyRuns: columnRuns)
    }
}

/// Neighbouring runs of queries or keys, each a row or a column of cells.
private struct CellRuns {
    private let runs: [Range<Int>]
    /// The run of each number, counted from the first one.
    private let owners: [Int32]
    let all: Range<Int>

    /// - Returns: nil where there is no run, one is empty, there is a gap, or they do not lie in `bounds`.
    init?(_ runs: [Range<Int>], in bounds: Range<Int>) {
        guard let first = runs.first, let last = runs.last, first.lowerBound >= bounds.lowerBound,
            last.upperBound <= bounds.upperBound, runs.allSatisfy({ !$0.isEmpty }),
            zip(runs, runs.dropFirst()).allSatisfy({ $0.upperBound == $1.lowerBound })
        else { return nil }
        self.runs = runs
        all = first.lowerBound..<last.upperBound
        owners = runs.enumerated().flatMap { [Int32](repeating: Int32($0), count: $1.count) }
    }

    var count: Int { runs.count }
    subscript(index: Int) -> Range<Int> { runs[index] }
    func index(of number: Int) -> Int { Int(owners[number - all.lowerBound]) }
}

/// The cells of one head that an item fills: some rows, and all columns.
private struct CellGrid {
    let part: Range<Int>
    let rows, columns: CellRuns
    /// `[rows, columns]`; sums until ``divide()``.
    let means, maxima: UnsafeMutablePointer<Float>

    /// All queries of the part.
    var queries: Range<Int> { rows[part.lowerBound].lowerBound..<rows[part.upperBound - 1].upperBound }

    func clear() {
        let (first, count) = (part.lowerBound * columns.count, part.count * columns.count)
        (means + first).initialize(repeating: 0, count: count)
        (maxima + first).initialize(repeating: 0, count: count)
    }

    func divide() {
        for row in part {
            let queries = Float(rows[row].count)
            for column in 0..<columns.count {
                means[row * columns.count + column] /= queries * Float(columns[column].count)
            }
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
                let rows = cells.rows.index(of: first)...cells.rows.index(of: last)
                for (index, row) in rows.enumerated() {
                    ends[index] = Int32(min(cells.rows[row].upperBound, last + 1) - first)
                }
                let columns = cells.columns
                for column in columns.index(of: keys.lowerBound)...columns.index(of: keys.upperBound - 1) {
                    let part = columns[column].clamped(to: keys)
                    let cell = rows.lowerBound * columns.count + column
                    kernels.summary.reduce_tile(
                        weights + (part.lowerBound - keys.lowerBound) * panel.lanes, Int32(panel.vectors),
                        Int64(part.count), ends.baseAddress, Int64(rows.count), cells.means + cell,
                        cells.maxima + cell, columns.count)
                }
            }
        }
    }
}
