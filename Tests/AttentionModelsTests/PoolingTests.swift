import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
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

    static let weighted: [(skipped: Int, means: [Float])] = [
        (0, [31.0 / 6, -37.0 / 6, 100, 200, 0, 0, -5.0 / 3, 25.0 / 3]), (1, [6, -7, 0, 0, 0, 0, -5, 9]),
        (9, [0, 0, 0, 0, 0, 0, 0, 0]),
    ]

    /// Of three tokens the weights are 1/6, 2/6 and 3/6; without the first one 2/5 and 3/5.
    @Test(arguments: weighted)
    func weighsLaterTokensMore(_ skipped: Int, _ expected: [Float]) throws {
        let found = try Pooling.weightedMean(Self.hidden, ranges: Self.ranges, skipping: skipped).scalars
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(found)")
    }

    @Test(arguments: Pooling.allCases.filter { $0 != .weightedMean })
    func leavesOutTheFirstTokens(_ pooling: Pooling) throws {
        let found = try pooling(Self.hidden, ranges: [0..<3, 3..<4, 4..<6], skipping: 1)
        let expected = try pooling(Self.hidden, ranges: [1..<3, 4..<4, 5..<6])
        #expect(areBitwiseEqual(found, expected))
        #expect(throws: TensorError.self) { try pooling(Self.hidden, ranges: Self.ranges, skipping: -1) }
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

    struct Attributes: Decodable, Sendable {
        let mode: String
        let lengths: [Int]
        let float32Errors: [Double]
    }

    static func cases() throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTensorsTests", "operations.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(prefix: "pooling")
    }

    @Test(arguments: try cases(), InstructionSet.available)
    func gradientsOfPyTorch(_ test: FixtureCase<Attributes>, _ instructionSet: InstructionSet) throws {
        let pooling = try #require(Pooling(rawValue: test.attributes.mode))
        let ranges = try SequenceBatch(test.attributes.lengths.map { [Int](repeating: 0, count: $0) }).ranges
        let expected = try test.tensors.doubles("output_f64")
        let expectedGradient = try test.tensors.doubles("input_gradient_f64")
        try InstructionSet.$forced.withValue(instructionSet) {
            let x = try test.tensors.tensor("input").watched()
            let pooled = try pooling(x, ranges: ranges)
            let gradient = try gradients(of: pooled, seed: test.tensors.tensor("gradient"), at: [x])[0]
            let errors = test.attributes.float32Errors
            #expect(largestError(pooled, expected) <= tolerance(float32Error: errors[0], of: expected))
            #expect(
                largestError(gradient, expectedGradient)
                    <= tolerance(float32Error: errors[1], of: expectedGradient))
        }
    }

    /// Padded sequences of a batch, and ranges that overlap.
    @Test(arguments: Pooling.allCases) func lengthsAndOverlaps(_ pooling: Pooling) throws {
        var random = SeededGenerator(seed: 1)
        let x = random.tensor([3, 4, 5])
        let rows = try x.reshaped(to: [12, 5])
        let ranges = [0..<4, 4..<4, 8..<10]
        #expect(areBitwiseEqual(try pooling(x, lengths: [4, 0, 2]), try pooling(rows, ranges: ranges)))
        let leaf = rows.watched()
        let seed = Tensor(repeating: 1, shape: [2, 5])
        let both = try gradients(of: pooling(leaf, ranges: [0..<3, 1..<4]), seed: seed, at: [leaf])[0]
        let one = Tensor(repeating: 1, shape: [1, 5])
        let first = try gradients(of: pooling(leaf, ranges: [0..<3]), seed: one, at: [leaf])[0]
        let second = try gradients(of: pooling(leaf, ranges: [1..<4]), seed: one, at: [leaf])[0]
        #expect(largestDifference(both, try first + second) < 1e-6)
    }

    @Test func refusesRangesOutside() throws {
        for bad in [[0..<7], [-1..<2]] {
            #expect(throws: TensorError.self) { try Pooling.mean(Self.hidden, ranges: bad) }
        }
        #expect(throws: TensorError.self) { try Pooling.mean(.zeros([2, 2, 2]), ranges: [0..<1]) }
        #expect(throws: TensorError.self) { try Pooling.mean(.zeros([2, 2, 2]), lengths: [1, 3]) }
        #expect(throws: TensorError.self) { try Pooling.mean(.zeros([2, 2, 2]), lengths: [1]) }
    }
}
