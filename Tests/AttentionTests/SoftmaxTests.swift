import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Softmax and exponential as attention computes them: with a query of 1 and one channel, the keys are the
/// scores.
@Suite struct SoftmaxTests {
    struct Attributes: Decodable, Sendable { let width: Int, float32Error: Double }

    static func cases<Attributes>(
        _ prefix: String, _ type: Attributes.Type = Attributes.self
    ) throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTensorsTests", "layers.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(prefix: prefix)
    }

    static let attention = AttentionOperator(score: .scaledDotProduct(scale: 1))

    @Test(arguments: try cases("softmax", Attributes.self), InstructionSet.available)
    func softmax(_ test: FixtureCase<Attributes>, _ instructionSet: InstructionSet) throws {
        let width = test.attributes.width
        let query = Tensor(repeating: 1, shape: [4, 1, 1, 1])
        let key = try test.tensors.tensor("input").reshaped(to: [4, 1, width, 1])
        let identity = Tensor.zeros([4, 1, width, width]).replacing(with: 1) {
            $0 % (width * width) % (width + 1) == 0
        }
        let expected = try test.tensors.doubles("output_f64")
        let totals = try test.tensors.doubles("logsumexp_f64")
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try Self.attention.forward(query: query, key: key, value: identity)
        }
        // Scores of up to ±10,000 are rounded once more when log₂ e is folded into the query.
        let scores = key.scalars.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        let bound = max(
            tolerance(float32Error: test.attributes.float32Error, of: expected), Double(scores.ulp))
        #expect(largestError(found.values, expected) <= bound)
        let logSumExp = found.logSumExp
        #expect(largestError(logSumExp, totals) <= 4 * Double(max(scores, 1).ulp))
        for batch in 0..<4 {
            let sum = found.values.selecting(axis: 0, batch).scalars.reduce(0) { $0 + Double($1) }
            #expect(abs(sum - 1) < 1e-5)
        }
    }

    /// exp(x) is the weight of a score x under a log-sum-exp of 0. What is below 2⁻¹²⁶ may come out as 0.
    @Test(arguments: InstructionSet.available)
    func exponential(_ instructionSet: InstructionSet) throws {
        let test = try #require(try Self.cases("exp", NoAttributes.self).first)
        let input = try test.tensors.tensor("input")
        let expected = try test.tensors.doubles("output_f64")
        let key = try input.reshaped(to: [1, 1, input.elementCount, 1])
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try Self.attention.weights(
                query: Tensor(repeating: 1, shape: [1, 1, 1, 1]), key: key, logSumExp: .zeros([1, 1, 1]))
        }
        for (x, (a, b)) in zip(input.scalars, zip(found.scalars, expected)) where !(x > 80) {
            if b.isNaN || x.isInfinite {
                #expect(a.isNaN == b.isNaN && (a.isNaN || a == 0), "exp(\(x))")
            } else {
                // x · log₂ e is rounded, and so is the result.
                let bound = b * (2e-7 + Double((x * 1.5).ulp)) + 0x1p-126
                #expect(abs(Double(a) - b) <= bound, "exp(\(x)) = \(a), not \(b)")
            }
        }
    }
}
