import Attention
import AttentionTensors
import TestSupport
import Testing

@Suite struct AttentionDropoutTests {
    /// With values of 1, a row's output is the sum of the weights that were not dropped.
    private func remains(_ attention: AttentionOperator, heads: Int, queries: Int, keys: Int) throws -> Tensor
    {
        let zeros = Tensor.zeros([2, heads, queries, 4])
        return try attention(
            query: zeros, key: .zeros([2, heads, keys, 4]),
            value: Tensor(shape: [2, heads, keys, keys]) { values in
                for index in values.indices { values[index] = index / keys % keys == index % keys ? 1 : 0 }
            })
    }

    @Test(arguments: [0.1, 0.5, 0.9] as [Float])
    func dropsTheShareThatItShould(_ rate: Float) throws {
        let attention = AttentionOperator(dropout: try AttentionDropout(rate: rate, key: RandomKey(seed: 3)))
        let (heads, queries, keys) = (3, 100, 200)
        let weights = try remains(attention, heads: heads, queries: queries, keys: keys)
        let kept = weights.scalars.map { $0 != 0 }
        let scale = 1 / (1 - rate) / Float(keys)
        #expect(weights.scalars.allSatisfy { $0 == 0 || abs($0 - scale) < 1e-5 * scale })
        // Of n independent draws the share is off by more than five deviations once in two million times.
        func isPlausible(_ share: Double, of count: Int) -> Bool {
            abs(share - Double(1 - rate)) < 5 * Double(rate * (1 - rate) / Float(count)).squareRoot()
        }
        #expect(isPlausible(Double(kept.filter { $0 }.count) / Double(kept.count), of: kept.count))
        // Neighbours in every direction have nothing to do with each other.
        for distance in [1, keys, keys * queries, keys * queries * heads] {
            let pairs = kept.count - distance
            let both = (0..<pairs).filter { kept[$0] == kept[$0 + distance] }.count
            let expected = Double(1 - 2 * rate * (1 - rate))
            #expect(
                abs(Double(both) / Double(pairs) - expected)
                    < 6 * (expected * (1 - expected) / Double(pairs)).squareRoot() + 1e-9)
        }
    }

    /// The same weights are dropped on every instruction set, in every block, and as the definition says.
    @Test func isAFunctionOfThePlace() throws {
        let attention = AttentionOperator(
            mask: .causal, dropout: try AttentionDropout(rate: 0.4, key: RandomKey(seed: 4)))
        var random = SeededGenerator(seed: 5)
        let (query, key) = (random.tensor([2, 3, 77, 8]), random.tensor([2, 3, 300, 8]))
        let value = random.tensor([2, 3, 300, 5])
        let expected = try attention.reference(query: query, key: key, value: value).values
        for instructionSet in InstructionSet.available {
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try attention(query: query, key: key, value: value)
            }
            #expect(largestDifference(found, expected) < 2e-5)
        }
    }

    @Test func anotherKeyDropsOthers() throws {
        let results = try [RandomKey(seed: 1), RandomKey(seed: 2), RandomKey(seed: 1).folded(with: 1)].map {
            try remains(
                AttentionOperator(dropout: AttentionDropout(rate: 0.5, key: $0)), heads: 1, queries: 9,
                keys: 30)
        }
        #expect(!areBitwiseEqual(results[0], results[1]) && !areBitwiseEqual(results[0], results[2]))
        #expect(!areBitwiseEqual(results[1], results[2]))
    }

    @Test(arguments: [-0.1, 1, .nan] as [Float])
    func badRates(_ rate: Float) {
        #expect(throws: TensorError.self) { try AttentionDropout(rate: rate, key: RandomKey(seed: 1)) }
    }
}
