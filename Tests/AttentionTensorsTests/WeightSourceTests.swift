import AttentionTensors
import Testing

@Suite struct WeightSourceTests {
    let source = InMemoryWeights(
        label: "fixture",
        [
            "encoder.layer.0.weight": Tensor(repeating: 1, shape: [2, 3]),
            "encoder.layer.0.bias": Tensor(repeating: 2, shape: [2]),
            "encoder.layer.01.bias": Tensor(repeating: 3, shape: [2]),
            "encoder": Tensor(repeating: 4, shape: []),
        ])

    @Test func scopesAreNamesWithoutTheirPrefix() throws {
        let layer = source.scoped("encoder").scoped("layer.0")
        #expect(layer.label == "fixture")
        #expect(layer.tensorNames.sorted() == ["bias", "weight"])
        #expect(layer.contains("bias"))
        #expect(!layer.contains("layer.0.bias"))
        #expect(try layer.tensor("bias", shape: [2]).scalars == [2, 2])
        #expect(try layer.storedTensor(named: "weight")?.shape == [2, 3])
        #expect(try layer.storedTensor(named: "absent")?.name == nil)
        #expect(source.scoped("absent").tensorNames.isEmpty)
    }

    /// é in one scalar and in two, and the Kelvin sign and K, are two names.
    @Test(arguments: [("caf\u{E9}", "cafe\u{301}"), ("K", "\u{212A}")])
    func namesAreTakenByTheirScalars(_ name: String, _ other: String) throws {
        let source = InMemoryWeights(["\(name).weight": .zeros([2]), "\(other).bias": .zeros([3])])
        #expect(source.contains("\(name).weight") && !source.contains("\(other).weight"))
        #expect(try source.storedTensor(named: "\(other).weight") == nil)
        #expect(source.scoped(name).tensorNames == ["weight"])
        #expect(source.scoped(other).tensorNames == ["bias"])
        #expect(source.float32().contains("\(other).bias") && !source.float32().contains("\(name).bias"))
        // A source that only lists its names.
        let plain = ListedWeights(tensorNames: [name])
        #expect(plain.contains(name) && !plain.contains(other))
    }

    @Test func errorsNameTheWholeTensorAndTheSource() {
        let layer = source.scoped("encoder.layer.0")
        #expect(throws: TensorError.missingTensor(name: "encoder.layer.0.gain", source: "fixture")) {
            try layer.tensor("gain", shape: [2])
        }
        let error = #expect(throws: TensorError.self) { try layer.tensor("weight", shape: [3, 2]) }
        #expect(
            error?.description
                == "tensor 'encoder.layer.0.weight' of fixture: expected shape [3, 2], found [2, 3]")
    }

    @Test func layersReadTheirNames() throws {
        let layer = source.scoped("encoder.layer.0")
        let linear = try Linear(inputs: 3, outputs: 2, from: layer)
        #expect(try linear(Tensor(repeating: 1, shape: [1, 3])).scalars == [5, 5])
        #expect(throws: TensorError.self) { try Linear(inputs: 2, outputs: 3, from: layer) }
        let norm = InMemoryWeights(["gamma": .zeros([3]), "beta": Tensor(repeating: 7, shape: [3])])
        #expect(
            try LayerNorm(width: 3, epsilon: 1e-5, from: norm)(.zeros([2, 3])).scalars
                == [Float](repeating: 7, count: 6))
        #expect(throws: TensorError.missingTensor(name: "weight", source: "memory")) {
            try LayerNorm(width: 3, epsilon: 1e-5, from: InMemoryWeights([:]))
        }
    }
}

/// A source with nothing but what the protocol demands.
private struct ListedWeights: WeightSource {
    let label = "list"
    let tensorNames: [String]

    func storedTensor(named name: String) -> StoredTensor? { nil }
}
