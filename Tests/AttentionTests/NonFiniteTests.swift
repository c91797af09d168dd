import Attention
import AttentionTensors
import TestSupport
import Testing

/// Values at masked positions have no effect, and NaN and infinity at visible positions reach the output.
@Suite struct NonFiniteTests {
    /// A weight that underflows to 0 is multiplied by an infinite value. The result does not depend on a
    /// masked neighbour in the same panel.
    @Test(arguments: InstructionSet.available)
    func underflowIsNoMask(_ instructionSet: InstructionSet) throws {
        let query = try Tensor([1, 1], shape: [1, 1, 2, 1])
        let key = try Tensor([300, 0, 0], shape: [1, 1, 3, 1])
        let value = try Tensor([1, .infinity, 5], shape: [1, 1, 3, 1])
        try InstructionSet.$forced.withValue(instructionSet) {
            let both = try AttentionOperator(mask: .causal, alignment: .offset(1))(
                query: query, key: key, value: value)
            for row in 0..<2 {
                let alone = try AttentionOperator(mask: .causal, alignment: .offset(1 + row))(
                    query: query.sliced(axis: 2, row..<row + 1), key: key, value: value)
                #expect(largestDifference(both.sliced(axis: 2, row..<row + 1), alone) == 0)
            }
        }
    }

    /// Vectors whose squares leave float's range still have a direction.
    @Test(arguments: [Float(1e20), 1e-23, 1e30, 1e-30])
    func cosinesOfVeryLongAndVeryShortVectors(_ size: Float) throws {
        var random = SeededGenerator(seed: 9)
        let (query, key) = (
            random.tensor([1, 1, 4, 7], scale: size), random.tensor([1, 1, 9, 7], scale: size)
        )
        let value = random.tensor([1, 1, 9, 3])
        let attention = AttentionOperator(score: .cosine())
        let expected = try attention.reference(query: query, key: key, value: value).values
        #expect(largestDifference(try attention(query: query, key: key, value: value), expected) < 2e-6)
    }

    static let poisons: [Float] = [.nan, .infinity, -.infinity, -.nan]

    /// A way to hide the keys from `visible` on.
    enum Hiding: CaseIterable {
        case padding, causal, window, blocks, predicate, infiniteBias, lowestBias, nanBias
    }

    static let queries = 40, keys = 150, visible = 100

    static func attention(_ hiding: Hiding) throws -> AttentionOperator {
        let hidden = Tensor.zeros([queries, keys])
        func bias(_ value: Float) -> AttentionBias {
            .additive(hidden.replacing(with: value) { $0 % keys >= visible })
        }
        switch hiding {
        case .padding: return AttentionOperator(mask: .keyPadding(lengths: [visible]))
        case .causal:
            return AttentionOperator(mask: .causal, alignment: .offset(visible - queries))
        case .window:
            return AttentionOperator(mask: .slidingWindow(before: 80), alignment: .offset(visible - queries))
        case .blocks:
            return AttentionOperator(
                mask: try BlockDiagonalMask(
                    queryLengths: [queries, 0], keyLengths: [visible, keys - visible]))
        case .predicate:
            return AttentionOperator(
                mask: .predicate { query, key, _ in key < visible && (query + key) % 3 != 0 })
        case .infiniteBias: return AttentionOperator(bias: bias(-.infinity))
        case .lowestBias: return AttentionOperator(bias: bias(-3.4e38))
        case .nanBias: return AttentionOperator(mask: .keyPadding(lengths: [visible]), bias: bias(.nan))
        }
    }

    static func inputs() -> (query: Tensor, key: Tensor, value: Tensor) {
        var random = SeededGenerator(seed: 50)
        return (
            random.tensor([1, 2, queries, 20]), random.tensor([1, 1, keys, 20]),
            random.tensor([1, 1, keys, 21])
        )
    }

    @Test(arguments: Hiding.allCases, InstructionSet.available)
    func hiddenKeysAndValuesDoNotLeak(_ hiding: Hiding, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = Self.inputs()
        let attention = try Self.attention(hiding)
        let clean = try attention.reference(query: query, key: key, value: value)
        for poison in Self.poisons {
            let (badKey, badValue) = (
                key.replacing(with: poison) { $0 / 20 >= Self.visible },
                value.replacing(with: poison) { $0 / 21 >= Self.visible }
            )
            let reference = try attention.reference(query: query, key: badKey, value: badValue)
            #expect(areBitwiseEqual(reference.values, clean.values))
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try attention.forward(query: query, key: badKey, value: badValue)
            }
            #expect(largestDifference(found.values, clean.values) < 2e-6)
            let (a, b) = (found.logSumExp, clean.logSumExp)
            #expect(largestDifference(a, b) < 2e-6)
            let weights = try InstructionSet.$forced.withValue(instructionSet) {
                try attention.weights(query: query, key: badKey, logSumExp: a)
            }
            #expect(weights.scalars.allSatisfy { $0 >= 0 && $0 <= 1.00001 })
        }
    }

    @Test(arguments: Hiding.allCases, InstructionSet.available)
    func visibleNaNsAreNotLost(_ hiding: Hiding, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = Self.inputs()
        let attention = try Self.attention(hiding)
        for (badKey, badValue) in [
            (key.replacing(with: .nan) { $0 == 60 * 20 + 7 }, value),
            (key, value.replacing(with: .nan) { $0 == 60 * 21 + 20 }),
        ] {
            let expected = try attention.reference(query: query, key: badKey, value: badValue)
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try attention.forward(query: query, key: badKey, value: badValue)
            }
            #expect(expected.values.scalars.contains { $0.isNaN })
            #expect(largestDifference(found.values, expected.values) < 2e-6)
            #expect(largestDifference(found.logSumExp, expected.logSumExp) < 2e-6)
        }
    }

    /// A row whose only visible value is NaN gives NaN.
    @Test(arguments: InstructionSet.available)
    func aRowThatSeesOnlyNaN(_ instructionSet: InstructionSet) throws {
        let query = Tensor(repeating: 1, shape: [1, 1, 3, 2])
        for position in 0..<5 {
            let key = Tensor(repeating: 1, shape: [1, 1, 5, 2]).replacing(with: .nan) { $0 / 2 == position }
            let attention = AttentionOperator(mask: .predicate { _, key, _ in key == position })
            let value = Tensor(repeating: 1, shape: [1, 1, 5, 2])
            let reference = try attention.reference(query: query, key: key, value: value)
            #expect(reference.values.scalars.allSatisfy { $0.isNaN })
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try attention(query: query, key: key, value: value)
            }
            #expect(found.scalars.allSatisfy { $0.isNaN })
        }
    }

    @Test(arguments: Hiding.allCases, InstructionSet.available)
    func nanInAQueryStaysInItsRow(_ hiding: Hiding, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = Self.inputs()
        let attention = try Self.attention(hiding)
        try InstructionSet.$forced.withValue(instructionSet) {
            let clean = try attention(query: query, key: key, value: value)
            let found = try attention(
                query: query.replacing(with: .nan) { $0 == 17 * 20 + 3 }, key: key, value: value)
            for head in 0..<2 {
                for row in 0..<Self.queries {
                    let (a, b) = (
                        found.selecting(axis: 1, head).selecting(axis: 1, row),
                        clean.selecting(axis: 1, head).selecting(axis: 1, row)
                    )
                    let isBad = head == 0 && row == 17
                    #expect(isBad ? a.scalars.allSatisfy { $0.isNaN } : areBitwiseEqual(a, b), "row \(row)")
                }
            }
        }
    }
}
