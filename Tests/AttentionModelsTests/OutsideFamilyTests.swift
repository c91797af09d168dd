import AttentionConversion
import AttentionFiles
import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A family that the package does not know does all that its own families do.
@Suite struct OutsideFamilyTests {
    private let fixture: DecoderFixture
    private let model: LanguageModel
    private let ids: [Int]

    init() throws {
        fixture = try DecoderFixture("granite")
        model = try LanguageModel(path: fixture.folder.path)
        ids = try fixture.ids()[3]
    }

    @Test func generates() throws {
        let expected = try fixture.greedy.tensors.integers("ids")
        let prompt = try fixture.greedy.tensors.integers("prompt")
        var generation = try model.generation(of: prompt, GenerationOptions(maximumTokens: expected.count))
        var found: [Int] = []
        while let token = try generation.next() { found.append(token.id) }
        #expect(found == expected)
    }

    @Test func isLookedAt() throws {
        let map = try AttentionMap(
            of: model.decoder, model: model.name, text: "", ids: ids,
            tokens: ids.map { AttentionMap.Token("\($0)") })
        #expect(map.layers.count == 2 && map.heads.count == 4)
    }

    @Test func isWrittenAsGGUF() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/granite.gguf"
        _ = try ModelQuantizer(path: fixture.folder.path, type: .float32).write(to: path)
        let other = try LanguageModel(path: path)
        let batch = try SequenceBatch([ids])
        // The channels of a head stand in another order, and so do the terms of its dot products.
        #expect(
            largestError(try other.decoder(batch), try model.decoder(batch).scalars.map(Double.init)) < 1e-5)
    }

    @Test func isTrainedAndExported() throws {
        var student = model.decoder
        try student.watchParameters()
        let loss = try CrossEntropy()(
            student(SequenceBatch([Array(ids.dropLast())])), targets: Array(ids.dropFirst()))
        let gradients = try student.parameterGradients(of: loss)
        try student.forEachParameter { name, parameter in
            let gradient = try #require(gradients[name])
            parameter = try parameter.detached() + gradient * -0.01
        }
        let description = try fixture.folder.decode(ModelDescription.self)
        let folder = try TemporaryFolder()
        let tensors = try student.checkpoint(description).map {
            StoredTensor(name: $0.name, try $0.numbers())
        }
        try SafetensorsWriter.write(tensors, metadata: [:], to: folder.path + "/model.safetensors")
        try fixture.folder.data(of: "config.json").write(
            to: URL(fileURLWithPath: folder.path + "/config.json"))
        let trained = try LanguageModel(path: folder.path).decoder
        let batch = try SequenceBatch([ids])
        #expect(areBitwiseEqual(try trained(batch), try student(batch)))
        let after = try CrossEntropy()(
            trained(SequenceBatch([Array(ids.dropLast())])), targets: Array(ids.dropFirst()))
        #expect(after.scalars[0] < loss.scalars[0])
    }
}
