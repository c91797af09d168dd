import AttentionTensors
import TestSupport
import Testing

/// Weights and inputs without a gradient lead to an error or to a name in a list, never to a silent zero.
@Suite struct UntrainableWeightTests {
    private static func stored(_ type: ElementType, _ shape: Shape) throws -> StoredTensor {
        var random = SeededGenerator(seed: 11)
        return try StoredTensor(name: "stored", random.tensor(shape), quantizedTo: type)
    }

    /// A float32 layer between two that cannot be trained.
    private struct Network: Parameterized {
        var tokens: Embedding
        var norm: LayerNorm
        var layers: [Linear]

        mutating func forEachParameter(_ visitor: ParameterVisitor) throws {
            try visit(&tokens, "tokens", visitor)
            try visit(&norm, "norm", visitor)
            try visit(&layers, "layers", visitor)
        }

        func callAsFunction(_ ids: [Int]) throws -> Tensor {
            try layers.reduce(norm(tokens(ids))) { try $1($0) }
        }
    }

    private static func network() throws -> Network {
        var random = SeededGenerator(seed: 12)
        return Network(
            tokens: try Embedding(stored(.bfloat16, [9, 32])),
            norm: try LayerNorm(width: 32, gain: random.tensor([32]), bias: nil, epsilon: 1e-5),
            layers: [
                try Linear(weight: stored(.q8_0, [32, 32]), bias: random.tensor([32])),
                try Linear(weight: stored(.float16, [3, 32])),
                try Linear(weight: random.tensor([2, 3])),
            ])
    }

    private static let untrainable = [
        UntrainableWeight(name: "tokens.weight", elementType: .bfloat16),
        UntrainableWeight(name: "layers.0.weight", elementType: .q8_0),
        UntrainableWeight(name: "layers.1.weight", elementType: .float16),
    ]

    @Test func areNamed() throws {
        let network = try Self.network()
        #expect(try network.untrainableWeights == Self.untrainable)
        #expect(
            try network.parameters.map(\.name) == ["norm.weight", "layers.0.bias", "layers.2.weight"])
    }

    @Test func watchingThemIsAnErrorThatChangesNothing() throws {
        var network = try Self.network()
        #expect(throws: GradientError.notTrainable(Self.untrainable)) { try network.watchParameters() }
        #expect(throws: GradientError.notTrainable([Self.untrainable[1]])) {
            try network.watchParameters { $0.hasPrefix("layers.0.") }
        }
        #expect(try !network([1, 2]).isWatched)
    }

    @Test func theOthersAreTrained() throws {
        var network = try Self.network()
        try network.watchParameters {
            $0.hasPrefix("norm.") || $0.hasSuffix("bias") || $0 == "layers.2.weight"
        }
        let gradients = try network.parameterGradients(of: network([1, 2, 8]).sum())
        #expect(Set(gradients.keys) == ["norm.weight", "layers.0.bias", "layers.2.weight"])
        for gradient in gradients.values { #expect(gradient.scalars.contains { $0 != 0 }) }
    }

    @Test func sourcesGiveFloat32() throws {
        struct Source: WeightSource {
            let tensors: [String: StoredTensor]
            var label: String { "test" }
            var tensorNames: [String] { tensors.keys.sorted() }
            func storedTensor(named name: String) -> StoredTensor? { tensors[name] }
        }
        let types: [ElementType] = [.float32, .float16, .bfloat16, .q8_0, .q4_K]
        for type in types {
            let source = Source(tensors: ["part.weight": try Self.stored(type, [2, 256])])
            let part = source.scoped("part")
            var plain = try Linear(inputs: 256, outputs: 2, hasBias: false, from: part)
            #expect(try plain.untrainableWeights.isEmpty == (type == .float32))
            var linear = try Linear(inputs: 256, outputs: 2, hasBias: false, from: part.float32())
            try linear.watchParameters()
            let weight = try #require(linear.parameters.first).value
            #expect(try areBitwiseEqual(weight, source.tensors["part.weight"]!.float32()), "\(type)")
            let read = try source.float32().scoped("part").storedTensor(named: "weight")
            #expect(read?.elementType == .float32)
            #expect(try source.float32().storedTensor(named: "other") == nil)
            if type != .float32 {
                #expect(throws: GradientError.self) { try plain.watchParameters() }
            }
        }
    }

    @Test func unreachedParametersAreNamed() throws {
        var network = try Self.network()
        try network.watchParameters { $0.hasPrefix("norm.") || $0 == "layers.2.weight" }
        let partial = try network.norm(network.tokens([3])).sum()
        #expect(throws: GradientError.unreachedParameter(name: "layers.2.weight")) {
            try network.parameterGradients(of: partial)
        }
    }

    @Test func constantsMustNotBeWatched() throws {
        let weights = Tensor(repeating: 1, shape: [3]).watched()
        #expect(throws: TensorError.noGradient(tensor: "class weights")) {
            try CrossEntropy(classWeights: weights)(.zeros([2, 3]), targets: [0, 1])
        }
        #expect(throws: TensorError.noGradient(tensor: "class weights")) {
            try CrossEntropy(classWeights: weights)(
                .zeros([2, 4]), weight: .zeros([3, 4]), targets: [0, 1])
        }
        let source = InMemoryWeights(["weight": Tensor.zeros([2, 3]).watched()])
        let error = #expect(throws: TensorError.self) {
            try Linear(inputs: 3, outputs: 2, hasBias: false, from: source)
        }
        #expect(error == .noGradient(tensor: "tensor 'weight' of memory"))
    }

    @Test func operationsWithoutABackwardPass() throws {
        let x = Tensor(repeating: 2, shape: [3]).watched()
        let y = try x * 3
        let opaque = y.detached().recordedWithoutBackward(as: "rounding", from: [y, nil])
        #expect(opaque.isWatched)
        #expect(throws: GradientError.noBackwardPass(operation: "rounding")) {
            try gradients(of: (opaque + x).sum(), at: [x])
        }
        // As a point of its own it has a gradient.
        #expect(try gradients(of: (opaque * 5).sum(), at: [opaque])[0].scalars == [5, 5, 5])
        #expect(!y.detached().recordedWithoutBackward(as: "rounding", from: [y.detached()]).isWatched)
    }

    /// Rows that are chosen twice, and parts of which some are not watched.
    @Test func rowsThatAreJoinedHaveGradients() throws {
        var random = SeededGenerator(seed: 13)
        let (a, b, c) = (
            random.tensor([4, 3]).watched(), random.tensor([2, 3]), random.tensor([1, 3]).watched()
        )
        let seed = random.tensor([7, 3])
        let joined = Tensor.concatenatingRows([a, b, c])
        let parts = try gradients(of: joined, seed: seed, at: [a, c])
        #expect(areBitwiseEqual(parts[0], seed.sliced(axis: 0, 0..<4)))
        #expect(areBitwiseEqual(parts[1], seed.sliced(axis: 0, 6..<7)))
        let chosen = a.selectingRows([2, 0, 2])
        let gradient = try gradients(of: chosen, seed: seed.sliced(axis: 0, 0..<3), at: [a])[0]
        let expected = try (0..<4).map { row in
            try Tensor(
                (0..<3).map { column in
                    [2, 0, 2].enumerated().reduce(Float(0)) {
                        $1.element == row ? $0 + seed[$1.offset, column] : $0
                    }
                }, shape: [1, 3])
        }
        #expect(areBitwiseEqual(gradient, .concatenatingRows(expected)))
    }
}
