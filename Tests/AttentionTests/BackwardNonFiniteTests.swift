import Attention
import AttentionTensors
import TestSupport
import Testing

/// Values at masked positions have no effect on any gradient. A row without a visible key has gradients of 0.
@Suite struct BackwardNonFiniteTests {
    typealias Inputs = BackwardCase.Inputs

    struct Variant: Sendable, CustomStringConvertible {
        let description: String
        let parameters: AttentionOperator
        /// Keys that are masked for every query, and queries without a visible key.
        let hiddenKeys, blindQueries: Range<Int>
    }

    static let (queries, keys) = (150, 170)

    static var variants: [Variant] {
        get throws {
            let hidden = 100..<170
            let blind = 30..<60
            let mask: any AttentionMask =
                .keyPadding(lengths: [100, 100]) & .predicate { query, _ in query < 30 || query >= 60 }
            let bias = Tensor(shape: [1, queries, keys]) { elements in
                for index in elements.indices {
                    let (query, key) = (index / keys, index % keys)
                    elements[index] =
                        hidden.contains(key) || blind.contains(query) ? -.infinity : Float(query % 7) * 0.1
                }
            }
            func variant(_ name: String, _ parameters: AttentionOperator) -> Variant {
                Variant(description: name, parameters: parameters, hiddenKeys: hidden, blindQueries: blind)
            }
            return [
                variant("mask", AttentionOperator(mask: mask)),
                variant("causal", AttentionOperator(mask: mask & .causal)),
                variant("bias", AttentionOperator(bias: .additive(bias))),
                variant(
                    "everything",
                    AttentionOperator(
                        score: .cosine(temperature: 0.2), softcap: 3, mask: mask, bias: .alibi(heads: 4),
                        sinks: Tensor(repeating: 0.5, shape: [4]),
                        dropout: try AttentionDropout(rate: 0.2, key: RandomKey(seed: 1)))),
                variant("intervals alone", AttentionOperator(mask: .keyPadding(lengths: [100, 100]))),
            ]
        }
    }

    @Test(arguments: try variants, InstructionSet.available)
    func masked(_ variant: Variant, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 60)
        let clean = Inputs(
            query: random.tensor([2, 4, Self.queries, 16]), key: random.tensor([2, 2, Self.keys, 16]),
            value: random.tensor([2, 2, Self.keys, 12]),
            outputGradient: random.tensor([2, 4, Self.queries, 12]))
        let isBlind = variant.description != "intervals alone"
        func poisoned(_ tensor: Tensor, _ rows: Range<Int>, _ value: Float) -> Tensor {
            let (width, count) = (tensor.shape[3], tensor.shape[2])
            return tensor.replacing(with: value) { rows.contains($0 / width % count) && $0 % 5 == 2 }
        }
        try InstructionSet.$forced.withValue(instructionSet) {
            let expected = try BackwardCase.gradients(variant.parameters, clean)
            for (name, tensor) in expected.all {
                #expect(tensor?.scalars.allSatisfy { $0.isFinite } ?? true, "\(name)")
            }
            for value in [Float.nan, .infinity, -.greatestFiniteMagnitude] {
                let inputs = Inputs(
                    query: isBlind ? poisoned(clean.query, variant.blindQueries, value) : clean.query,
                    key: poisoned(clean.key, variant.hiddenKeys, value),
                    value: poisoned(clean.value, variant.hiddenKeys, value),
                    outputGradient: isBlind
                        ? poisoned(clean.outputGradient, variant.blindQueries, value) : clean.outputGradient)
                let found = try BackwardCase.gradients(variant.parameters, inputs)
                for (a, b) in zip(expected.all, found.all) {
                    guard let x = a.tensor, let y = b.tensor else { continue }
                    #expect(areBitwiseEqual(x, y), "\(a.name) with \(value)")
                }
            }
            let query = try #require(expected.query)
            let key = try #require(expected.key)
            if isBlind {
                #expect(query.sliced(axis: 2, variant.blindQueries).scalars.allSatisfy { $0 == 0 })
            }
            #expect(key.sliced(axis: 2, variant.hiddenKeys).scalars.allSatisfy { $0 == 0 })
        }
    }

    /// A causal mask hides a NaN from some queries. Only the gradients of the other queries are NaN.
    @Test(arguments: InstructionSet.available)
    func nonFiniteKeysThatSomeQueriesSee(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 61)
        let shape: Shape = [1, 1, 120, 8]
        let clean = Inputs(
            query: random.tensor(shape), key: random.tensor(shape), value: random.tensor(shape),
            outputGradient: random.tensor(shape))
        let attention = AttentionOperator(mask: .causal)
        let inputs = Inputs(
            query: clean.query, key: clean.key,
            value: clean.value.replacing(with: .nan) { $0 / 8 == 70 }, outputGradient: clean.outputGradient)
        try InstructionSet.$forced.withValue(instructionSet) {
            let expected = try #require(BackwardCase.gradients(attention, clean).query)
            let found = try #require(BackwardCase.gradients(attention, inputs).query)
            #expect(areBitwiseEqual(found.sliced(axis: 2, 0..<70), expected.sliced(axis: 2, 0..<70)))
            #expect(found.sliced(axis: 2, 70..<120).scalars.allSatisfy { $0.isNaN })
        }
    }
}
