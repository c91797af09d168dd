import Attention
import AttentionTensors
import TestSupport
import Testing

/// The tiled path against the reference, on awkward shapes, on every instruction set that this machine has.
@Suite struct TiledPathTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var batch = 1
        var heads = 1, keyHeads = 1
        var queries = 1, keys = 1
        var width = 8
        var valueWidth: Int?
        var parameters = AttentionOperator()
        var name = ""

        var testDescription: String {
            "\(name) B\(batch) H\(heads)/\(keyHeads) \(queries)×\(keys) D\(width)/\(valueWidth ?? width)"
        }

        func tensors(seed: UInt64) -> (query: Tensor, key: Tensor, value: Tensor) {
            var random = SeededGenerator(seed: seed)
            return (
                random.tensor([batch, heads, queries, width], scale: 2),
                random.tensor([batch, keyHeads, keys, width]),
                random.tensor([batch, keyHeads, keys, valueWidth ?? width])
            )
        }
    }

    static let shapes: [Case] = [
        Case(queries: 1, keys: 1, width: 1),
        Case(heads: 3, keyHeads: 3, queries: 23, keys: 25, width: 24),
        Case(batch: 2, heads: 5, keyHeads: 1, queries: 25, keys: 23, width: 77),
        Case(batch: 2, heads: 4, keyHeads: 2, queries: 77, keys: 199, width: 199, valueWidth: 7),
        Case(heads: 2, keyHeads: 2, queries: 193, keys: 300, width: 64),
        Case(queries: 1, keys: 777, width: 128),
        Case(queries: 400, keys: 130, width: 33, valueWidth: 80),
        Case(queries: 48, keys: 257, width: 512, valueWidth: 1),
        Case(queries: 3, keys: 0, width: 8),
        Case(queries: 0, keys: 3, width: 8),
        Case(batch: 0, queries: 3, keys: 3),
    ]

    static var variants: [Case] {
        get throws {
            var random = SeededGenerator(seed: 5)
            let base = Case(batch: 2, heads: 4, keyHeads: 2, queries: 100, keys: 213, width: 40)
            func variant(_ name: String, _ parameters: AttentionOperator) -> Case {
                var copy = base
                copy.parameters = parameters
                copy.name = name
                return copy
            }
            let scattered = PredicateMask { query, key, site in
                (query * 7 + key * 3 + site.head + site.batch) % 5 < 2
            }
            let bias = random.tensor([2, 1, 100, 213])
            return [
                variant("scale", AttentionOperator(score: .scaledDotProduct(scale: 0.7))),
                variant("cosine", AttentionOperator(score: .cosine(temperature: 0.1))),
                variant("softcap", AttentionOperator(score: .scaledDotProduct(scale: 2), softcap: 5)),
                variant("causal", AttentionOperator(mask: .causal)),
                variant("causal, bottom right", AttentionOperator(mask: .causal, alignment: .bottomRight)),
                variant(
                    "causal, rows that see nothing", AttentionOperator(mask: .causal, alignment: .offset(-30))
                ),
                variant("key padding", AttentionOperator(mask: .keyPadding(lengths: [213, 57]))),
                variant("no key", AttentionOperator(mask: .keyPadding(lengths: [0, 1]))),
                variant(
                    "window",
                    AttentionOperator(mask: .slidingWindow(before: 20, after: 3), alignment: .offset(50))),
                variant("predicate", AttentionOperator(mask: scattered)),
                variant(
                    "predicate and causal",
                    AttentionOperator(mask: scattered & .causal, alignment: .bottomRight)),
                variant(
                    "predicate or window",
                    AttentionOperator(mask: scattered & .keyPadding(lengths: [100, 3]) | .causal)),
                variant("bias", AttentionOperator(bias: .additive(bias))),
                variant(
                    "bias and causal",
                    AttentionOperator(mask: .causal, bias: .additive(bias), alignment: .bottomRight)),
                variant(
                    "ALiBi", AttentionOperator(mask: .causal, bias: .alibi(heads: 4), alignment: .bottomRight)
                ),
                variant(
                    "relative positions",
                    AttentionOperator(
                        bias: try RelativePositionTests.bias(heads: 4, maximumDistance: 40),
                        alignment: .bottomRight)),
                variant(
                    "relative positions, bias, predicate",
                    AttentionOperator(
                        mask: scattered & .causal,
                        bias: try RelativePositionTests.bias(heads: 4, isBidirectional: false)
                            + .additive(bias), alignment: .bottomRight)),
                variant(
                    "everything",
                    AttentionOperator(
                        score: .cosine(temperature: 0.05), softcap: 7,
                        mask: scattered & .causal & .keyPadding(lengths: [200, 31]),
                        bias: try .alibi(heads: 4) + .additive(bias), alignment: .bottomRight)),
            ]
        }
    }

    @Test(arguments: try shapes + variants, InstructionSet.available)
    func agreesWithReference(_ test: Case, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = test.tensors(seed: 1)
        let expected = try test.parameters.reference(query: query, key: key, value: value)
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try test.parameters.forward(query: query, key: key, value: value)
        }
        #expect(largestDifference(found.values, expected.values) < 2e-5)
        let totals = found.logSumExp
        let expectedTotals = expected.logSumExp
        #expect(largestDifference(totals, expectedTotals) < 2e-5)
    }

    @Test(arguments: try shapes + variants, InstructionSet.available)
    func recomputesWeights(_ test: Case, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = test.tensors(seed: 2)
        let heads = Array((0..<test.heads).reversed())
        let rows = test.queries / 3..<test.queries
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            let totals = try test.parameters.forward(query: query, key: key, value: value).logSumExp
            return try test.parameters.weights(
                query: query, key: key, logSumExp: totals, heads: heads, queries: rows)
        }
        let all = try test.parameters.referenceScores(query: query, key: key, stage: .weights)
        for (index, head) in heads.enumerated() {
            let expected = all.selecting(axis: 1, head).sliced(axis: 1, rows)
            #expect(largestDifference(found.selecting(axis: 1, index), expected) < 5e-6)
        }
    }
}
