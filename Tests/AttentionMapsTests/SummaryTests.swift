import Attention
import AttentionMaps
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Summaries of long texts' maps, as maps and as pictures.
@Suite struct SummaryTests {
    private let count = 300
    private let operation = AttentionOperator(mask: .causal)

    private func attention() throws -> (query: Tensor, key: Tensor, logSumExp: Tensor) {
        var random = TestSupport.SeededGenerator(seed: 3)
        let query = random.tensor([1, 2, count, 16], scale: 2)
        let key = random.tensor([1, 2, count, 16])
        return (query, key, try operation.forward(query: query, key: key, value: key).logSumExp)
    }

    private func summary(rows: Int = 10, columns: Int = 7) throws -> WeightSummary {
        let (query, key, logSumExp) = try attention()
        return try operation.weightSummary(
            query: query, key: key, logSumExp: logSumExp, rows: rows, columns: columns)
    }

    private var tokens: [AttentionMap.Token] {
        (0..<count).map { .init($0 == 0 ? "[CLS]" : "t\($0)", isSpecial: $0 == 0) }
    }

    @Test func runsOfTokensShareTheWeight() throws {
        let summary = try summary()
        let map = try AttentionMap(
            model: "m", text: "long", queries: tokens, keys: tokens, layers: [4], heads: [0, 1],
            summaries: [summary])
        #expect(map.queries.count == 10 && map.keys.count == 7)
        #expect(map.queries[1].text.hasPrefix("t30 t31 ") && map.queries[1].text.hasSuffix(" t59"))
        #expect(!map.queries[0].isSpecial)
        let (query, key, logSumExp) = try attention()
        let weights = try operation.weights(query: query, key: key, logSumExp: logSumExp)
        for head in 0..<2 {
            let matrix = try map.weights(layer: 4, head: head)
            for row in 0..<10 {
                #expect(abs(matrix.row(row).reduce(0, +) - 1) < 1e-5)
                for column in 0..<7 {
                    let queries = summary.queries(row: row)
                    let share = queries.reduce(0.0) { sum, query in
                        sum
                            + summary.keys(column: column).reduce(0.0) {
                                $0 + Double(weights[0, head, query, $1])
                            }
                    }
                    #expect(
                        abs(Double(matrix[query: row, key: column]) - share / Double(queries.count)) < 1e-5)
                }
            }
        }
        // Every view draws it.
        #expect(try map.html().contains("t30 t31"))
        #expect(try map.svg(.head(layer: 4, head: 1)).contains("<svg"))
        #expect(try map.terminalText(.mean).contains("t30"))
        #expect(try JSONDecoder().decode(AttentionMap.self, from: map.json()) == map)
    }

    @Test func picturesHaveASquareForEachCell() throws {
        let summary = try summary(rows: 40, columns: 60)
        for value in AttentionMatrix.CellValue.allCases {
            let matrix = AttentionMatrix(summary, head: 1, showing: value)
            let tensor = value == .mean ? summary.means : summary.maxima
            #expect(matrix[query: 39, key: 2] == tensor[0, 1, 39, 2])
            let picture = [UInt8](try matrix.png(pixels: 3))
            #expect(Array(picture[16..<24]) == [0, 0, 0, 180, 0, 0, 0, 120])
        }
        // A mask's upper half stays paper: the colour of 0, and that of the largest weight.
        let matrix = AttentionMatrix(summary, head: 0, showing: .maximum)
        #expect(matrix[query: 0, key: 59] == 0)
        #expect(throws: AttentionMapError.self) { try matrix.png(pixels: 1 << 20) }
        #expect(throws: AttentionMapError.self) { try matrix.png(pixels: .max) }
    }

    @Test func refusesSummariesOfSomethingElse() throws {
        let (one, other) = (try summary(), try summary(rows: 11))
        func map(_ tokens: [AttentionMap.Token], _ heads: [Int], _ summaries: [WeightSummary], _ batch: Int)
            throws(AttentionMapError) -> AttentionMap
        {
            try AttentionMap(
                model: "", text: "", queries: tokens, keys: tokens, layers: Array(0..<summaries.count),
                heads: heads, summaries: summaries, batch: batch)
        }
        #expect(throws: AttentionMapError.self) { try map(Array(tokens.dropLast()), [0, 1], [one], 0) }
        #expect(throws: AttentionMapError.self) { try map(tokens, [0], [one], 0) }
        #expect(throws: AttentionMapError.self) { try map(tokens, [0, 1], [], 0) }
        #expect(throws: AttentionMapError.self) { try map(tokens, [0, 1], [one, other], 0) }
        #expect(throws: AttentionMapError.self) { try map(tokens, [0, 1], [one], 1) }
        #expect(throws: AttentionMapError.self) { try map(tokens, [0, 0], [one], 0) }
    }
}
