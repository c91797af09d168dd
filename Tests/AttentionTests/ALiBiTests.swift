import Attention
import AttentionTensors
import TestSupport
import Testing

/// The slopes of arXiv:2108.12409.
@Suite struct ALiBiTests {
    static let eight: [Float] = [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]

    @Test func eightHeads() {
        #expect(AttentionBias.alibi(heads: 8).slopes?.scalars == Self.eight)
    }

    @Test func twelveHeads() throws {
        // The eight of eight heads, then every other one of sixteen: 2^−0.5, 2^−1.5, 2^−2.5, 2^−3.5.
        let expected = Self.eight + Self.eight[..<4].map { $0 * Float(2).squareRoot() }
        let found = try #require(AttentionBias.alibi(heads: 12).slopes).scalars
        #expect(found.count == 12)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= b.ulp) }
    }

    @Test(arguments: [1, 2, 3, 5, 16, 17, 31, 32, 100])
    func anyNumberOfHeads(_ heads: Int) throws {
        let slopes = try #require(AttentionBias.alibi(heads: heads).slopes).scalars
        #expect(slopes.count == heads)
        #expect(slopes.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(Set(slopes).count == heads)
    }

    @Test func distancesCountBothWays() throws {
        let zeros = Tensor.zeros([1, 2, 3, 1])
        let attention = AttentionOperator(bias: .alibi(slopes: [0.5, 2]), alignment: .offset(1))
        let scores = try attention.referenceScores(query: zeros, key: zeros, stage: .masked)
        #expect(scores.selecting(axis: 1, 0).scalars == [-0.5, 0, -0.5, -1, -0.5, 0, -1.5, -1, -0.5])
        #expect(scores.selecting(axis: 1, 1).scalars == [-2, 0, -2, -4, -2, 0, -6, -4, -2])
    }

    @Test func biasesAddOnceOfEachKind() throws {
        let tensor = AttentionBias.additive(.zeros([3, 3]))
        let both = try tensor + .alibi(heads: 2)
        #expect(both.additive != nil && both.slopes?.shape == [2])
        #expect(throws: TensorError.self) { try tensor + tensor }
        #expect(throws: TensorError.self) { try AttentionBias.alibi(heads: 2) + .alibi(heads: 2) }
        #expect(throws: TensorError.self) { try both + tensor }
        #expect(try (both + .none).slopes?.scalars == both.slopes?.scalars)
    }
}
