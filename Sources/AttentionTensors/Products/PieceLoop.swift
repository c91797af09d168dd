/// The pieces of a product that is ready to run. Products of the same input run as one loop, so that a thread
/// that has ended its part of one goes on with the next.
struct PieceLoop {
    let count: Int
    let work: Work
    /// Computes one piece. It counts no references, since a decoder's pieces take a few microseconds.
    let piece: (Int) -> Void

    /// Runs every piece, on the threads of the current pool.
    static func run(_ loops: [PieceLoop]) {
        let count = loops.reduce(0) { $0 + $1.count }
        guard count > 1 else {
            for loop in loops where loop.count > 0 { loop.piece(0) }
            return
        }
        let work = loops.map(\.work).max() ?? .ample
        loops.withUnsafeBufferPointer { loops in
            WorkerPool.current.run(count: count, work: work) { item, _ in
                var (index, item) = (0, item)
                while item >= loops[index].count {
                    item -= loops[index].count
                    index += 1
                }
                loops[index].piece(item)
            }
        }
    }
}

extension PieceLoop {
    /// The least number of bytes that a piece of a decoder's step reads, if every thread has enough: 4 µs,
    /// ten times the cost of taking a piece. Half as much costs 5 % more time in kernels.
    private static let leastBytes = 65_536

    /// `body` over rows × outputs: at most `tallest` rows and `widest` outputs a piece, a multiple of `step`,
    /// and enough pieces for every thread of the current pool.
    ///
    /// - Parameters:
    ///   - depth: Multiply-adds for each row and output.
    ///   - bytes: The size of an output's weights.
    init(
        rows: Int, tallest: Int, outputs: Int, widest: Int, step: Int, depth: Int, bytes: Int,
        _ body: @escaping (_ rows: Range<Int>, _ outputs: Range<Int>) -> Void
    ) {
        let threads = WorkerPool.current.threadCount
        guard rows * outputs * depth >= 1 << 17, threads > 1 || rows > tallest || outputs > widest else {
            self.init(count: min(rows * outputs, 1), work: .multiplyAdds(rows * outputs * depth)) { _ in
                body(0..<rows, 0..<outputs)
            }
            return
        }
        let rowPieces = (rows + tallest - 1) / tallest
        var wanted = max((outputs + widest - 1) / widest, (4 * threads + rowPieces - 1) / rowPieces)
        if rows <= WeightMatrix.mostRowsOfStep {
            // Memory decides. Many threads share what there is down to an eighth of that.
            let total = outputs * bytes
            wanted = max(
                min(8 * threads, total / Self.leastBytes), min(threads, 8 * total / Self.leastBytes), 1)
        }
        let width = max((outputs + wanted * step - 1) / (wanted * step), 1) * step
        let columnPieces = (outputs + width - 1) / width
        let height = (rows + rowPieces - 1) / rowPieces
        self.init(count: rowPieces * columnPieces, work: .ample) { item in
            let (row, output) = (item / columnPieces * height, item % columnPieces * width)
            guard row < rows else { return }
            body(row..<min(row + height, rows), output..<min(output + width, outputs))
        }
    }
}
