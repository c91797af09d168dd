import AttentionModels
import AttentionTensors
import TestSupport
import Testing

@Suite struct PoolingTests {
    static let hidden = Tensor(shape: [6, 2]) { elements in
        let rows: [Float] = [1, -2, 3, -4, 8, -9, 100, 200, 5, 7, -5, 9]
        for index in rows.indices { elements.initializeElement(at: index, to: rows[index]) }
    }
    static let ranges = [0..<3, 3..<4, 4..<4, 4..<6]

    @Test(arguments: [
        (Pooling.mean, [4, -5, 100, 200, 0, 0, 0, 8] as [Float]),
        (
            .meanSquareRootLength,
            [
                12 / Float(3).squareRoot(), -15 / Float(3).squareRoot(), 100, 200, 0, 0, 0,
                16 / Float(2).squareRoot(),
            ]
        ),
        (.firstToken, [1, -2, 100, 200, 0, 0, 5, 7]),
        (.lastToken, [8, -9, 100, 200, 0, 0, -5, 9]),
        (.max, [8, -2, 100, 200, 0, 0, 5, 9]),
    ])
    func poolsEachSequence(_ pooling: Pooling, _ expected: [Float]) throws {
        let found = try pooling(Self.hidden, ranges: Self.ranges)
        #expect(found.shape == [4, 2])
        #expect(found.scalars == expected)
    }

    @Test(arguments: Pooling.allCases)
    func sequencesDoNotMeet(_ pooling: Pooling) throws {
        let all = try pooling(Self.hidden, ranges: Self.ranges)
        for (index, range) in Self.ranges.enumerated() {
            let part = Self.hidden.sliced(axis: 0, range)
            let alone = try pooling(part, ranges: [0..<range.count])
            #expect(areBitwiseEqual(alone, all.sliced(axis: 0, index..<index + 1)))
        }
    }

    @Test(arguments: Pooling.allCases)
    func emptyInput(_ pooling: Pooling) throws {
        #expect(try pooling(.zeros([0, 3]), ranges: []).shape == [0, 3])
        #expect(try pooling(.zeros([0, 3]), ranges: [0..<0]).scalars == [0, 0, 0])
        #expect(try pooling(.zeros([2, 0]), ranges: [0..<2]).shape == [1, 0])
    }

    @Test(arguments: Pooling.allCases)
    func readsViews(_ pooling: Pooling) throws {
        let turned = Self.hidden.transposed(0, 1)
        #expect(
            try areBitwiseEqual(
                pooling(turned, ranges: [0..<1, 1..<2]), pooling(turned.contiguous(), ranges: [0..<1, 1..<2]))
        )
    }

    @Test func nanIsNotLost() throws {
        let bad = Self.hidden.replacing(with: .nan) { $0 == 2 }
        for pooling in [Pooling.mean, .meanSquareRootLength, .max] {
            #expect(try pooling(bad, ranges: [0..<3]).scalars[0].isNaN, "\(pooling)")
        }
    }
}
