import Attention
import AttentionTensors
import TestSupport
import Testing

/// The module against PyTorch's in float64, at most twice as wrong as PyTorch's float32.
@Suite struct MultiHeadFixtureTests {
    @Test(arguments: try MultiHeadFixture.cases("multi_head_attention.safetensors"), InstructionSet.available)
    func pyTorchModule(_ test: FixtureCase<MultiHeadFixture>, _ instructionSet: InstructionSet) throws {
        let attributes = test.attributes
        #expect(test.tensors.contains("weights.in_proj_weight") == attributes.packed)
        try InstructionSet.$forced.withValue(instructionSet) {
            let module = try MultiHeadAttention(
                width: attributes.width, heads: attributes.heads, keyWidth: attributes.kdim,
                valueWidth: attributes.vdim, pyTorch: test.tensors.source.scoped("weights"),
                attention: attributes.attention(test.tensors))
            try check(module, test)
        }
    }

    @Test(arguments: try MultiHeadFixture.cases("multi_head_linears.safetensors"), InstructionSet.available)
    func fourLinearLayers(_ test: FixtureCase<MultiHeadFixture>, _ instructionSet: InstructionSet) throws {
        let attributes = test.attributes
        try InstructionSet.$forced.withValue(instructionSet) {
            let module = try MultiHeadAttention(
                width: attributes.width, heads: attributes.heads, hasBias: attributes.bias,
                named: .init(query: "query", key: "key", value: "value", output: "output"),
                from: test.tensors.source.scoped("weights"), attention: attributes.attention(test.tensors))
            try check(module, test)
        }
    }

    private func check(_ module: MultiHeadAttention, _ test: FixtureCase<MultiHeadFixture>) throws {
        let tensors = test.tensors
        var observations: [AttentionObservation] = []
        let found = try module(
            tensors.tensor("query"), key: tensors.tensorIfPresent("key"),
            value: tensors.tensorIfPresent("value"), mask: test.attributes.mask()
        ) { observations.append($0) }
        let expected = try tensors.doubles("output_f64")
        #expect(
            largestError(found, expected)
                <= tolerance(float32Error: test.attributes.float32Error, of: expected))

        try #require(observations.count == 1)
        try checkWeights(observations[0], test)
        let unobserved = try module(
            tensors.tensor("query"), key: tensors.tensorIfPresent("key"),
            value: tensors.tensorIfPresent("value"), mask: test.attributes.mask())
        #expect(areBitwiseEqual(found, unobserved), "looking changes nothing")
    }

    private func checkWeights(_ observation: AttentionObservation, _ test: FixtureCase<MultiHeadFixture>)
        throws
    {
        let attributes = test.attributes
        let expected = try test.tensors.doubles("attention_weights_f64")
        let weights = try observation.weights()
        // A weight is off by its score's error, relatively; the log-sum-exp tells the scores' size.
        let scores = observation.logSumExp.scalars.reduce(1) { max($0, abs($1)) }
        #expect(largestError(weights, expected) <= 8 * Double(scores.ulp))

        let last = attributes.heads - 1
        let rows = attributes.queries / 2..<attributes.queries
        let part = try observation.weights(heads: [last], queries: rows)
        #expect(areBitwiseEqual(part, weights.sliced(axis: 1, last..<last + 1).sliced(axis: 2, rows)))
    }

    @Test func thereAreCasesOfBothForms() throws {
        let cases = try MultiHeadFixture.cases("multi_head_attention.safetensors").map(\.attributes)
        #expect(cases.count == 13)
        #expect(Set(cases.map(\.packed)) == [true, false])
        #expect(Set(cases.map(\.bias)) == [true, false])
        #expect(try MultiHeadFixture.cases("multi_head_linears.safetensors").count == 1)
    }
}
