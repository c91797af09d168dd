import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Every dense operation's gradients against PyTorch's in float64, at most twice as wrong as its float32, and
/// the same to the bit on any number of threads.
@Suite struct OperationGradientTests {
    struct Attributes: Decodable, Sendable {
        var width: Int?
        var epsilon: Float?
        var offset: Bool?
        var activation: String?
        let float32Errors: [String: Double]
    }
    typealias Case = FixtureCase<Attributes>

    static func cases(_ prefix: String) throws -> [Case] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTensorsTests", "gradients.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(prefix: prefix)
    }

    @Test(arguments: try cases("layerNorm"), InstructionSet.available)
    func layerNorm(_ test: Case, _ instructionSet: InstructionSet) throws {
        try check(test, instructionSet) { inputs in
            let norm = try LayerNorm(
                width: test.attributes.width!, gain: inputs["weight"], bias: inputs["bias"],
                epsilon: test.attributes.epsilon!)
            return try norm(inputs["input"]!, adding: inputs["residual"])
        }
    }

    @Test(arguments: try cases("rmsNorm"), InstructionSet.available)
    func rmsNorm(_ test: Case, _ instructionSet: InstructionSet) throws {
        try check(test, instructionSet) { inputs in
            let norm = try RMSNorm(
                width: test.attributes.width!, gain: inputs["weight"], epsilon: test.attributes.epsilon!,
                gainIsOffset: test.attributes.offset!)
            return try norm(inputs["input"]!, adding: inputs["residual"])
        }
    }

    @Test(arguments: try cases("activation"), InstructionSet.available)
    func activations(_ test: Case, _ instructionSet: InstructionSet) throws {
        let activation = try #require(Activation(rawValue: test.attributes.activation!))
        try check(test, instructionSet) { try activation($0["input"]!) }
    }

    @Test(arguments: try cases("gate"), InstructionSet.available)
    func gatedUnits(_ test: Case, _ instructionSet: InstructionSet) throws {
        let activation = try #require(Activation(rawValue: test.attributes.activation!))
        try check(test, instructionSet) { try activation($0["gate"]!, times: $0["up"]!) }
    }

    @Test(arguments: try cases("linear"), InstructionSet.available)
    func linear(_ test: Case, _ instructionSet: InstructionSet) throws {
        let activation = try #require(Activation(rawValue: test.attributes.activation!))
        try check(test, instructionSet) { inputs in
            let layer = try Linear(weight: inputs["weight"]!, bias: inputs["bias"])
            return try layer(inputs["input"]!, activation: activation)
        }
    }

    /// The gradients of Σ result · seed at every input that the case has.
    private func check(
        _ test: Case, _ instructionSet: InstructionSet, _ function: ([String: Tensor]) throws -> Tensor
    ) throws {
        let names = test.attributes.float32Errors.keys.sorted()
        let seed = try test.tensors.tensor("seed")
        func run(threads: Int, watching watched: [String]) throws -> [Tensor] {
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                try InstructionSet.$forced.withValue(instructionSet) {
                    var inputs: [String: Tensor] = [:]
                    for name in names {
                        let input = try test.tensors.tensor(name)
                        inputs[name] = watched.contains(name) ? input.watched() : input
                    }
                    return try gradients(of: function(inputs), seed: seed, at: watched.map { inputs[$0]! })
                }
            }
        }
        let found = try run(threads: 1, watching: names)
        for (name, gradient) in zip(names, found) {
            let expected = try test.tensors.doubles("d_\(name)")
            #expect(gradient.shape == (try test.tensors.stored(name).shape))
            let bound = tolerance(float32Error: test.attributes.float32Errors[name]!, of: expected)
            let error = largestError(gradient, expected)
            #expect(error <= bound, "\(name)")
            let alone = try run(threads: 2, watching: [name])[0]
            #expect(areBitwiseEqual(alone, gradient), "\(name) alone")
        }
    }

    /// Large enough for several blocks of rows and for all threads.
    @Test(arguments: InstructionSet.available) func threadsChangeNothing(_ instructionSet: InstructionSet)
        throws
    {
        var random = SeededGenerator(seed: 21)
        let (rows, width) = (777, 199)
        let (x, residual) = (random.tensor([3, rows / 3, width]), random.tensor([3, rows / 3, width]))
        let (weight, bias) = (random.tensor([width, width], scale: 0.1), random.tensor([width]))
        let (both, gain) = (random.tensor([2 * width, width], scale: 0.1), random.tensor([width]))
        let points = [x, residual, weight, bias, both, gain]
        func run(_ threads: Int) throws -> [Tensor] {
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                try InstructionSet.$forced.withValue(instructionSet) {
                    let found = try valueAndGradients(at: points) { p in
                        let norm = try LayerNorm(width: width, gain: p[5], bias: p[3], epsilon: 1e-5)
                        let hidden = try norm(p[0], adding: p[1])
                        let gated = try Activation.silu.gatingHalves(of: Linear(weight: p[4])(hidden))
                        let out = try Linear(weight: p[2], bias: p[3])(gated, activation: .geluTanh)
                        let rms = try RMSNorm(width: width, gain: p[5], epsilon: 1e-5)(out + p[0])
                        return try (rms * hidden * 0.5).sum()
                    }
                    return [found.value] + found.gradients
                }
            }
        }
        let expected = try run(1)
        for threads in [2, 3] {
            for (a, b) in zip(expected, try run(threads)) { #expect(areBitwiseEqual(a, b)) }
        }
    }
}
