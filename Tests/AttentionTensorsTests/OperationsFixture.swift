import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// `operations.safetensors`: float64 results and gradients, and the errors of PyTorch's float32.
enum OperationsFixture {
    static func cases<Attributes>(
        _ prefix: String, _ type: Attributes.Type = Attributes.self
    ) throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTensorsTests", "operations.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(type, prefix: prefix)
    }

    /// The error of PyTorch's float32 result, and of its gradient.
    struct Errors: Decodable, Sendable { let float32Errors: [Double] }

    /// Runs an operation of one input on every instruction set and on one to three threads, and compares
    /// result and gradient.
    static func check(
        _ tensors: FixtureTensors, input name: String, result: String = "output", errors: [Double],
        sourceLocation: SourceLocation = #_sourceLocation, _ operation: (Tensor) throws -> Tensor
    ) throws {
        let expected = try tensors.doubles("\(result)_f64")
        let expectedGradient = try tensors.doubles("\(name)_gradient_f64")
        for instructionSet in InstructionSet.available {
            let found = try (1...3).map { threads in
                try InstructionSet.$forced.withValue(instructionSet) {
                    try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                        let input = try tensors.tensor(name).watched()
                        let output = try operation(input)
                        let seed = try tensors.tensorIfPresent("gradient")
                        return [output] + (try gradients(of: output, seed: seed, at: [input]))
                    }
                }
            }
            for other in found {
                #expect(zip(other, found[0]).allSatisfy(areBitwiseEqual), sourceLocation: sourceLocation)
            }
            #expect(
                largestError(found[0][0], expected) <= tolerance(float32Error: errors[0], of: expected),
                "\(instructionSet)", sourceLocation: sourceLocation)
            #expect(
                largestError(found[0][1], expectedGradient)
                    <= tolerance(float32Error: errors[1], of: expectedGradient),
                "gradient, \(instructionSet)", sourceLocation: sourceLocation)
        }
    }
}
