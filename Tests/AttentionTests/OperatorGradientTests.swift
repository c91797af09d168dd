import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// `operator_gradients.safetensors`: gradients in float64, with the errors of PyTorch's float32.
struct OperatorGradientFixture: Decodable, Sendable {
    let operatorCase: String
    let float32Errors: [String: Double]

    static func cases() throws -> [FixtureCase<OperatorGradientFixture>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTests", "operator_gradients.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases()
    }
}

/// Every gradient against stored float64 results, at most twice as wrong as PyTorch's float32.
@Suite struct OperatorGradientTests {
    @Test(arguments: try OperatorGradientFixture.cases(), InstructionSet.available)
    func isAsExactAsPyTorch(
        _ test: FixtureCase<OperatorGradientFixture>, _ instructionSet: InstructionSet
    ) throws {
        let problem = try #require(
            OperatorFixture.cases().first { $0.name == test.attributes.operatorCase })
        var attention = try problem.attributes.attention(problem.tensors)
        attention.sinks = try test.tensors.tensorIfPresent("sinks")
        let inputs = BackwardCase.Inputs(
            query: try problem.tensors.tensor("query"), key: try problem.tensors.tensor("key"),
            value: try problem.tensors.tensor("value"),
            outputGradient: try test.tensors.tensor("output_gradient"))
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try BackwardCase.gradients(attention, inputs)
        }
        let sums = Double(
            try problem.tensors.doubles("logsumexp_f64").reduce(0) {
                $1.isFinite ? max($0, Float(abs($1))) : $0
            }.ulp)
        let products = longestRow(inputs.outputGradient) * longestRow(inputs.value)
        for (name, tensor) in found.all {
            let stored = name == "slopes" ? "alibi_slopes" : name
            #expect((tensor != nil) == test.tensors.contains("\(stored)_gradient_f64"), "\(name)")
            guard let tensor else { continue }
            let expected = try test.tensors.doubles("\(stored)_gradient_f64")
            let float32Error = try #require(test.attributes.float32Errors[stored])
            // Every gradient of a score is a difference of products dO · V, and is rounded in their units.
            // And weights come back from a float32 log-sum-exp, whose rounding is a factor of all of a row.
            let largest = expected.reduce(0) { max($0, abs($1)) }
            let bound = tolerance(float32Error: float32Error, of: expected + [products]) + largest * sums
            #expect(largestError(tensor, expected) <= bound, "\(name)")
        }
    }

    private func longestRow(_ tensor: Tensor) -> Double {
        let (scalars, width) = (tensor.scalars, tensor.shape[3])
        return stride(from: 0, to: scalars.count, by: width).reduce(0) { longest, start in
            max(longest, scalars[start..<start + width].reduce(0) { $0 + Double($1 * $1) }.squareRoot())
        }
    }

    @Test func thereAreGradientsOfEveryKind() throws {
        let cases = try OperatorGradientFixture.cases()
        #expect(cases.count == 16)
        for name in ["query", "key", "value", "bias", "alibi_slopes", "temperature", "sinks"] {
            #expect(cases.contains { $0.tensors.contains("\(name)_gradient_f64") }, "\(name)")
        }
    }
}
