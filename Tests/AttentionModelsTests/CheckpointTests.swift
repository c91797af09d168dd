import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A model in memory, written under its family's names again: what was read is what is written.
@Suite struct CheckpointTests {
    @Test(arguments: DecoderFixture.all) func decodersComeBack(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let description = try fixture.folder.decode(ModelDescription.self)
        try expectComesBack(try fixture.model.checkpoint(description), fixture.folder.weights(), name)
    }

    @Test(arguments: EncoderFixture.names) func encodersComeBack(_ name: String) throws {
        let fixture = try EncoderFixture(name)
        let folder = try ModelFolder(path: Locations.fixture("AttentionModelsTests", name).path)
        try expectComesBack(try fixture.model.checkpoint(fixture.description), folder.weights(), name)
    }

    private func expectComesBack(
        _ tensors: [CheckpointTensor], _ source: any WeightSource, _ name: String
    ) throws {
        let names = Set(source.tensorNames)
        #expect(tensors.count > 10)
        for tensor in tensors {
            // Some checkpoints are saved without the prefix of their names.
            let short = tensor.name.split(separator: ".", maxSplits: 1).last.map(String.init) ?? tensor.name
            // The part for texts of a model for images stands below a name of its own.
            let long = "language_model.\(tensor.name)"
            let candidates = [tensor.name, short, long]
            let stored = (candidates + candidates.map(oldName)).first(where: names.contains)
            let found = try #require(stored, "\(name): \(tensor.name)")
            let original = try source.tensor(found, shape: tensor.shape)
            #expect(areBitwiseEqual(try tensor.numbers(), original), "\(name): \(tensor.name)")
        }
    }

    /// What the first checkpoints of BERT call gains and biases of norms.
    private func oldName(_ name: String) -> String {
        name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
            .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    }

    /// A model that was read from another form is written in its family's own: channels of heads and gains
    /// come back up to a rounding.
    @Test(arguments: ["gemma3", "mixtral"]) func fromGGUF(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let file = try GGUFFile(path: Locations.fixture("AttentionModelsTests", "gguf/\(name).gguf").path)
        let model = try DecoderTransformer(ModelDescription(metadata: file), from: file)
        let source = try fixture.folder.weights()
        for tensor in try model.checkpoint(fixture.folder.decode(ModelDescription.self)) {
            let original = try source.tensor(tensor.name, shape: tensor.shape)
            let error = zip(try tensor.numbers().scalars, original.scalars).map { abs($0 - $1) }.max() ?? 0
            #expect(error < 1e-6, "\(tensor.name)")
        }
    }

    /// Weights that are not float32 have no numbers to write.
    @Test func weightsInBlocksAreRefused() throws {
        let fixture = try DecoderFixture("llama")
        let weights = Halves(base: try fixture.folder.weights())
        let description = try fixture.folder.decode(ModelDescription.self)
        let model = try DecoderTransformer(description, from: weights)
        #expect(throws: GradientError.self) { try model.checkpoint(description) }
    }

    /// A table that lacks a part, or names one that the checkpoint does not have.
    @Test func tablesThatDoNotFit() throws {
        let folder = try DecoderFixture("llama").folder
        for type in ["nameless", "misnamed"] {
            let config = String(decoding: try folder.data(of: "config.json"), as: UTF8.self)
                .replacing("\"model_type\": \"llama\"", with: "\"model_type\": \"\(type)\"")
            let description = try JSONDecoder().decode(ModelDescription.self, from: Data(config.utf8))
            #expect {
                try DecoderTransformer(description, from: folder.weights())
            } throws: {
                "\($0)".contains(type == "nameless" ? "'value'" : "self_attn.wrong")
            }
        }
    }
}

/// A source whose matrices are float16.
private struct Halves: WeightSource {
    let base: any WeightSource
    var label: String { base.label }
    var tensorNames: [String] { base.tensorNames }

    func storedTensor(named name: String) throws -> StoredTensor? {
        guard let tensor = try base.storedTensor(named: name), tensor.shape.rank == 2 else {
            return try base.storedTensor(named: name)
        }
        // The upper half of a float32 is a bfloat16.
        let bytes = try tensor.float32().scalars.flatMap { scalar in
            let bits = UInt16(truncatingIfNeeded: scalar.bitPattern >> 16)
            return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
        }
        return try StoredTensor(name: tensor.name, elementType: .bfloat16, shape: tensor.shape, bytes: bytes)
    }
}
