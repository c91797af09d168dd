import Attention
import AttentionTensors
import TestSupport
import Testing

/// Attention sinks: each head has a logit that takes a part of the weight and adds no value.
@Suite struct SinkTests {
    static let sinks: [Float] = [0.5, -.infinity, 30, -4, 2, 200]

    private func tensors(_ heads: Int = 6) -> (query: Tensor, key: Tensor, value: Tensor) {
        var random = SeededGenerator(seed: 90)
        return (
            random.tensor([2, heads, 77, 24], scale: 2), random.tensor([2, heads / 2, 133, 24]),
            random.tensor([2, heads / 2, 133, 9])
        )
    }

    static var variants: [AttentionOperator] {
        get throws {
            let sinks = try Tensor(Self.sinks, shape: [6])
            return [
                AttentionOperator(sinks: sinks),
                AttentionOperator(mask: .causal, alignment: .bottomRight, sinks: sinks),
                // Rows that see nothing but the sink.
                AttentionOperator(mask: .causal, alignment: .offset(-20), sinks: sinks),
                AttentionOperator(
                    softcap: 3, mask: .predicate { query, key in (query + key) % 3 == 0 },
                    bias: .alibi(heads: 6), sinks: sinks),
            ]
        }
    }

    @Test(arguments: try variants, InstructionSet.available)
    func agreeWithTheReference(_ attention: AttentionOperator, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = tensors()
        let expected = try attention.reference(query: query, key: key, value: value)
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try attention.forward(query: query, key: key, value: value)
            #expect(largestDifference(found.values, expected.values) < 2e-5)
            // The log-sum-exp of 200 is rounded to 1.5·10⁻⁵.
            #expect(largestDifference(found.logSumExp, expected.logSumExp) < 4e-5)
            let weights = try attention.weights(query: query, key: key, logSumExp: found.logSumExp)
            let all = try attention.referenceScores(query: query, key: key, stage: .weights)
            #expect(largestDifference(weights, all) < 2e-5)
        }
    }

    /// The definition: an additional key with the score `sink` and the value 0.
    @Test func areKeysWithoutValue() throws {
        var random = SeededGenerator(seed: 91)
        let (query, key) = (random.tensor([1, 1, 20, 8]), random.tensor([1, 1, 30, 8]))
        let value = random.tensor([1, 1, 30, 5])
        let zeros = Tensor.zeros([1, 1, 1, 8])
        // A zero key scores 0.
        let more = try AttentionOperator()(
            query: query, key: .concatenating([key, zeros], axis: 2),
            value: .concatenating([value, zeros.sliced(axis: 3, 0..<5)], axis: 2))
        let found = try AttentionOperator(sinks: .zeros([1]))(query: query, key: key, value: value)
        #expect(largestDifference(found, more) < 1e-6)
    }

    @Test func noneIsMinusInfinity() throws {
        let (query, key, value) = tensors()
        let none = Tensor(repeating: -.infinity, shape: [6])
        let found = try AttentionOperator(mask: .causal, sinks: none).forward(
            query: query, key: key, value: value)
        let plain = try AttentionOperator(mask: .causal).forward(query: query, key: key, value: value)
        let (a, b) = (found.logSumExp, plain.logSumExp)
        #expect(areBitwiseEqual(found.values, plain.values) && areBitwiseEqual(a, b))
    }

    @Test func areChecked() throws {
        let (query, key, value) = tensors()
        for (sinks, complaint) in [
            (Tensor.zeros([5]), "attention sinks: expected shape [6], found [5]"),
            (Tensor.zeros([6, 1]), "[6, 1]"),
            (Tensor(repeating: .nan, shape: [6]), "attention sink of nan"),
            (Tensor(repeating: .infinity, shape: [6]), "attention sink of inf"),
        ] {
            let attention = AttentionOperator(sinks: sinks)
            let error = #expect(throws: TensorError.self) {
                try attention(query: query, key: key, value: value)
            }
            #expect(error?.description.contains(complaint) == true)
        }
    }
}
