import Attention
import AttentionTensors
import TestSupport
import Testing

/// Rows without a visible key, and scores of any size.
@Suite struct ExtremeScoreTests {
    static let masks: [AttentionOperator] = [
        AttentionOperator(mask: .causal, alignment: .offset(-3)),
        AttentionOperator(mask: .keyPadding(lengths: [0])),
        AttentionOperator(mask: .predicate { query, _, _ in query > 1 }),
        AttentionOperator(bias: .additive(Tensor(repeating: -.infinity, shape: [5, 9]))),
        AttentionOperator(bias: .additive(Tensor(repeating: -.greatestFiniteMagnitude, shape: [5, 9]))),
        AttentionOperator(softcap: 2, mask: .slidingWindow(before: 2), alignment: .offset(200)),
    ]

    @Test(arguments: masks.indices, InstructionSet.available)
    func aRowThatSeesNothingIsZero(_ index: Int, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 60)
        let attention = Self.masks[index]
        let (query, key, value) = (
            random.tensor([1, 1, 5, 3]), random.tensor([1, 1, 9, 3]), random.tensor([1, 1, 9, 4])
        )
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try attention.forward(query: query, key: key, value: value)
        }
        let expected = try attention.reference(query: query, key: key, value: value)
        let (totals, expectedTotals) = (found.logSumExp, expected.logSumExp)
        #expect(largestDifference(found.values, expected.values) < 1e-6)
        #expect(largestDifference(totals, expectedTotals) < 1e-6)
        let rows = totals.scalars.indices.filter { totals.scalars[$0] == -.infinity }
        #expect(!rows.isEmpty)
        for row in rows {
            #expect(found.values.selecting(axis: 2, row).scalars == [0, 0, 0, 0])
        }
        let weights = try InstructionSet.$forced.withValue(instructionSet) {
            try attention.weights(query: query, key: key, logSumExp: totals)
        }
        for row in 0..<5 {
            let sum = weights.selecting(axis: 2, row).scalars.reduce(0, +)
            #expect(abs(sum - (rows.contains(row) ? 0 : 1)) < 1e-6)
        }
    }

    /// Scores far apart, so that rounding does not decide which is the largest; +∞ gives NaN, as by
    /// definition.
    @Test(arguments: [1e3, 1e6, 1e20, 1e30, 1e37, .infinity] as [Float], InstructionSet.available)
    func hugeScores(_ size: Float, _ instructionSet: InstructionSet) throws {
        for pattern in [[1, -1, 0.5, 0], [-1, -1, -1, -1], [-1, -0.5, -1, -0.5], [1, 1, 0, -1]] as [[Float]] {
            let keys = pattern.map { $0 == 0 ? 0 : $0 * size }
            let key = try Tensor(keys + keys.reversed(), shape: [1, 1, 8, 1])
            let value = try Tensor((0..<8).map(Float.init), shape: [1, 1, 8, 1])
            let query = Tensor(repeating: 1, shape: [1, 1, 3, 1])
            let attention = AttentionOperator(score: .scaledDotProduct(scale: 1))
            let expected = try attention.reference(query: query, key: key, value: value)
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try attention.forward(query: query, key: key, value: value)
            }
            #expect(largestDifference(found.values, expected.values) < 1e-5, "\(keys)")
            for (a, b) in zip(found.logSumExp.scalars, expected.logSumExp.scalars) {
                #expect(a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 4 * abs(b).ulp, "\(keys)")
            }
        }
    }

    /// A bias that is very low for every key masks none of them, because the softmax depends on differences
    /// only.
    @Test(arguments: [-1e9, -1e20, -1e30, -1e38, -2.3e38] as [Float], InstructionSet.available)
    func aVeryLowBiasForAllKeysIsNoMask(_ low: Float, _ instructionSet: InstructionSet) throws {
        let (query, key) = (Tensor.zeros([1, 1, 2, 1]), Tensor.zeros([1, 1, 200, 1]))
        let value = try Tensor((0..<200).map(Float.init), shape: [1, 1, 200, 1])
        let attention = AttentionOperator(bias: .additive(Tensor(repeating: low, shape: [2, 200])))
        let expected = try attention.reference(query: query, key: key, value: value)
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try attention.forward(query: query, key: key, value: value)
        }
        #expect(largestDifference(found.values, expected.values) < 1e-3)
        #expect(found.logSumExp.scalars.allSatisfy { $0.isFinite && $0 <= low / 2 })
    }

    /// The reference exponent moves up block by block, and never has to move down.
    @Test(arguments: [true, false], InstructionSet.available)
    func scoresThatRiseOrFall(_ rise: Bool, _ instructionSet: InstructionSet) throws {
        let count = 700
        let keys = (0..<count).map { Float(rise ? $0 : count - $0) * 0.9 }
        let key = try Tensor(keys, shape: [1, 1, count, 1])
        var random = SeededGenerator(seed: 61)
        let value = random.tensor([1, 1, count, 5])
        let query = try Tensor([1, -1, 0.01, 3, -7], shape: [1, 1, 5, 1])
        let attention = AttentionOperator(score: .scaledDotProduct(scale: 1))
        let expected = try attention.reference(query: query, key: key, value: value)
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try attention.forward(query: query, key: key, value: value)
        }
        #expect(largestDifference(found.values, expected.values) < 5e-4)
        for (a, b) in zip(found.logSumExp.scalars, expected.logSumExp.scalars) {
            #expect(abs(a - b) <= 4 * max(abs(b), 1).ulp)
        }
    }
}
