import Attention
import AttentionTensors
import TestSupport
import Testing

/// Summaries of long texts' maps, compared with the weights themselves.
@Suite struct WeightSummaryTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var batch = 1, heads = 1, keyHeads = 1
        let queries: Int, keys: Int
        let rows: Int, columns: Int
        var mask: any AttentionMask = .full
        var alignment = QueryAlignment.topLeft
        var name = ""

        var testDescription: String { "\(name) \(queries)×\(keys) in \(rows)×\(columns)" }
    }

    static let cases = [
        Case(queries: 1, keys: 1, rows: 1, columns: 1),
        Case(queries: 23, keys: 25, rows: 23, columns: 25),
        Case(batch: 2, heads: 4, keyHeads: 2, queries: 77, keys: 199, rows: 5, columns: 7),
        Case(heads: 3, keyHeads: 1, queries: 777, keys: 300, rows: 1, columns: 1),
        Case(queries: 400, keys: 500, rows: 399, columns: 499),
        Case(queries: 400, keys: 500, rows: 3, columns: 200),
        Case(queries: 777, keys: 777, rows: 64, columns: 64, mask: .causal, name: "causal"),
        Case(
            queries: 300, keys: 777, rows: 31, columns: 10, mask: .causal, alignment: .bottomRight,
            name: "causal, bottom right"),
        Case(
            queries: 500, keys: 500, rows: 20, columns: 17, mask: .slidingWindow(before: 40, after: 3),
            name: "window"),
        Case(
            batch: 2, heads: 2, keyHeads: 2, queries: 300, keys: 400, rows: 13, columns: 9,
            mask: .predicate { query, key, site in (query * 7 + key * 3 + site.head + site.batch) % 5 < 2 },
            name: "predicate"),
        Case(
            batch: 2, queries: 50, keys: 40, rows: 6, columns: 6, mask: .keyPadding(lengths: [0, 11]),
            name: "padding"),
    ]

    private func problem(
        _ test: Case
    ) throws -> (operation: AttentionOperator, query: Tensor, key: Tensor, logSumExp: Tensor) {
        var random = SeededGenerator(seed: 11)
        let query = random.tensor([test.batch, test.heads, test.queries, 24], scale: 2)
        let key = random.tensor([test.batch, test.keyHeads, test.keys, 24])
        let operation = AttentionOperator(mask: test.mask, alignment: test.alignment)
        return (operation, query, key, try operation.forward(query: query, key: key, value: key).logSumExp)
    }

    @Test(arguments: cases, InstructionSet.available)
    func agreesWithTheWeights(_ test: Case, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let (operation, query, key, logSumExp) = try problem(test)
            let heads = Array((0..<test.heads).reversed())
            let summary = try operation.weightSummary(
                query: query, key: key, logSumExp: logSumExp, heads: heads, rows: test.rows,
                columns: test.columns)
            let weights = try operation.weights(query: query, key: key, logSumExp: logSumExp, heads: heads)
            #expect(summary.means.shape == [test.batch, test.heads, test.rows, test.columns])
            var largestError = 0.0
            for batch in 0..<test.batch {
                for head in 0..<test.heads {
                    let matrix = weights.sliced(axis: 0, batch..<batch + 1).sliced(axis: 1, head..<head + 1)
                        .scalars
                    for row in 0..<test.rows {
                        for column in 0..<test.columns {
                            let cell = summary.queries(row: row).flatMap { query in
                                summary.keys(column: column).map { Double(matrix[query * test.keys + $0]) }
                            }
                            let mean = cell.reduce(0, +) / Double(cell.count)
                            largestError = max(
                                largestError,
                                abs(Double(summary.means[batch, head, row, column]) - mean) / max(mean, 1e-6),
                                abs(Double(summary.maxima[batch, head, row, column]) - cell.max()!))
                        }
                    }
                }
            }
            // Sums of sums of at most 128 weights: a few units in the last place.
            #expect(largestError < 2e-6)
        }
    }

    /// Cells of any size, of a part of the queries.
    @Test(arguments: InstructionSet.available)
    func runsOfAnyLength(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let test = Case(
                heads: 2, keyHeads: 1, queries: 400, keys: 400, rows: 1, columns: 1, mask: .causal)
            let (operation, query, key, logSumExp) = try problem(test)
            let rows = [37..<38, 38..<39, 39..<300, 300..<302, 302..<399]
            let columns = [0..<1, 1..<2, 2..<250, 250..<257, 257..<400]
            let summary = try operation.weightSummary(
                query: query, key: key, logSumExp: logSumExp, rowRuns: rows, columnRuns: columns)
            #expect(summary.rows == 5 && summary.columns == 5 && summary.queries(row: 2) == 39..<300)
            let weights = try operation.weights(query: query, key: key, logSumExp: logSumExp)
            for head in 0..<2 {
                for (row, queries) in rows.enumerated() {
                    for (column, keys) in columns.enumerated() {
                        let cell = queries.flatMap { query in keys.map { weights[0, head, query, $0] } }
                        let mean = cell.reduce(0.0) { $0 + Double($1) } / Double(cell.count)
                        let found = Double(summary.means[0, head, row, column])
                        #expect(abs(found - mean) <= 2e-6 * max(mean, 1e-6))
                        #expect(abs(summary.maxima[0, head, row, column] - cell.max()!) < 1e-6)
                    }
                }
            }
            for (rows, columns) in [
                ([], [0..<400]), ([0..<0], [0..<400]), ([0..<2, 3..<5], [0..<400]), ([0..<401], [0..<400]),
                ([-1..<2], [0..<400]), ([0..<2], [0..<399]), ([0..<2], [1..<400]),
                ([2..<4, 0..<2], [0..<400]),
            ] as [([Range<Int>], [Range<Int>])] {
                #expect(throws: TensorError.self) {
                    try operation.weightSummary(
                        query: query, key: key, logSumExp: logSumExp, rowRuns: rows, columnRuns: columns)
                }
            }
        }
    }

    /// Every query and key falls into one cell, and neighbours' sizes differ by at most one.
    @Test(arguments: [(1, 1), (777, 64), (64, 64), (1_000, 999), (5, 2)])
    func cellsCoverEverything(_ count: Int, _ cells: Int) throws {
        let query = Tensor.zeros([1, 1, count, 1])
        let operation = AttentionOperator()
        let summary = try operation.weightSummary(
            query: query, key: query, logSumExp: .zeros([1, 1, count]), rows: cells, columns: cells)
        let ranges = (0..<cells).map { summary.queries(row: $0) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<count))
        #expect(ranges.map(\.count).max()! - ranges.map(\.count).min()! <= 1)
        #expect(ranges == (0..<cells).map { summary.keys(column: $0) })
    }

    @Test func bitsDoNotDependOnThreadsOrOtherHeads() throws {
        let test = Case(
            batch: 2, heads: 3, keyHeads: 3, queries: 500, keys: 700, rows: 70, columns: 33, mask: .causal)
        let (operation, query, key, logSumExp) = try problem(test)
        func summary(_ threads: Int, _ heads: [Int]?) throws -> WeightSummary {
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                try operation.weightSummary(
                    query: query, key: key, logSumExp: logSumExp, heads: heads, rows: 70, columns: 33)
            }
        }
        let one = try summary(1, nil)
        for threads in [2, 3] {
            let many = try summary(threads, nil)
            #expect(many.means.scalars == one.means.scalars)
            #expect(many.maxima.scalars == one.maxima.scalars)
        }
        let alone = try summary(2, [1])
        #expect(alone.means.scalars == one.means.sliced(axis: 1, 1..<2).scalars)
        #expect(alone.maxima.scalars == one.maxima.sliced(axis: 1, 1..<2).scalars)
    }

    /// Memory holds the cells and one tile for each worker. The whole map would take 64 MB.
    @Test func memoryIsLinear() async {
        await #expect(processExitsWith: .success) {
            var random = SeededGenerator(seed: 1)
            let x = random.tensor([1, 1, 4_096, 8])
            let operation = AttentionOperator(mask: .causal)
            let result = try operation.forward(query: x, key: x, value: x)
            MemoryPool.trim()
            let before = MemoryPool.statistics
            let summary = try WorkerPool.$current.withValue(WorkerPool(threadCount: 2)) {
                try operation.weightSummary(
                    query: x, key: x, logSumExp: result.logSumExp, rows: 64, columns: 64)
            }
            #expect(summary.rows == 64 && summary.columns == 64)
            let after = MemoryPool.statistics
            #expect(after.bytesInUse + after.bytesKept - before.bytesInUse < 1 << 20)
        }
    }

    @Test func refusesWhatCannotBeMeant() throws {
        let (operation, query, key, logSumExp) = try problem(Case(queries: 5, keys: 6, rows: 1, columns: 1))
        for (rows, columns) in [(0, 1), (1, 0), (6, 1), (1, 7), (-1, 3), (.max, 1), (1, .min)] {
            #expect(throws: TensorError.self) {
                try operation.weightSummary(
                    query: query, key: key, logSumExp: logSumExp, rows: rows, columns: columns)
            }
        }
        #expect(throws: TensorError.self) {
            try operation.weightSummary(
                query: query, key: key, logSumExp: logSumExp, heads: [1], rows: 1, columns: 1)
        }
        #expect(throws: TensorError.self) {
            try operation.weightSummary(
                query: query, key: key, logSumExp: .zeros([1, 1, 6]), rows: 1, columns: 1)
        }
        let empty = Tensor.zeros([1, 1, 0, 24])
        #expect(throws: TensorError.self) {
            try operation.weightSummary(
                query: empty, key: key, logSumExp: .zeros([1, 1, 0]), rows: 1, columns: 1)
        }
    }
}
