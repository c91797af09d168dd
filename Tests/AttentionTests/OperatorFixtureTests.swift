import Attention
import AttentionTensors
import TestSupport
import Testing

/// The operator against stored float64 results, at most twice as wrong as PyTorch's float32.
@Suite struct OperatorFixtureTests {
    @Test(arguments: try OperatorFixture.cases(), InstructionSet.available)
    func tiledPath(_ test: FixtureCase<OperatorFixture>, _ instructionSet: InstructionSet) throws {
        let tensors = test.tensors
        let (query, key, value) = (
            try tensors.tensor("query"), try tensors.tensor("key"), try tensors.tensor("value")
        )
        let attention = try test.attributes.attention(tensors)
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try attention.forward(query: query, key: key, value: value)
        }
        try check(test, found)
    }

    @Test(arguments: try OperatorFixture.cases())
    func reference(_ test: FixtureCase<OperatorFixture>) throws {
        let tensors = test.tensors
        let found = try test.attributes.attention(tensors).reference(
            query: tensors.tensor("query"), key: tensors.tensor("key"), value: tensors.tensor("value"))
        try check(test, found)
    }

    private func check(_ test: FixtureCase<OperatorFixture>, _ found: AttentionOperator.Output) throws {
        let expected = try test.tensors.doubles("output_f64")
        let totals = try test.tensors.doubles("logsumexp_f64")
        let float32Error = test.attributes.float32Error
        // Rounding is measured in units of what is summed, the values: an average of many is smaller than
        // they are.
        let values = try test.tensors.tensor("value").scalars.map { Double($0) }
        let bound = tolerance(float32Error: float32Error, of: expected + values)
        #expect(largestError(found.values, expected) <= bound)
        // The float32 error of the log-sum-exp is not stored: a few units in the last place of the scores.
        let logSumExp = found.logSumExp
        let largest = totals.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        #expect(largestError(logSumExp, totals) <= 4 * Double(Float(largest).ulp))
    }

    @Test func thereAreCasesOfEveryKind() throws {
        let cases = try OperatorFixture.cases().map(\.attributes)
        #expect(cases.count == 28)
        #expect(cases.contains { $0.poison })
        #expect(cases.contains { $0.segments != nil })
        #expect(cases.contains { $0.score == "cosine" })
    }
}
