import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Models in the files that llama.cpp's converter writes, against `transformers` in float64.
@Suite struct GGUFModelTests {
    private func file(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: Locations.fixture("AttentionModelsTests", "gguf/\(name).gguf").path)
    }

    @Test(arguments: ["gemma3", "mixtral"]) func decoders(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let file = try file(name)
        let model = try DecoderTransformer(ModelDescription(metadata: file), from: file)
        let batch = try SequenceBatch(fixture.ids())
        let logits = try model(batch)
        for (sequence, range) in zip(fixture.sequences, batch.ranges) {
            let expected = try sequence.tensors.doubles("logits_f64")
            let error = largestError(logits.sliced(axis: 0, range), expected)
            #expect(
                error <= tolerance(float32Error: sequence.attributes.float32Error, of: expected),
                "\(sequence)")
        }
    }

    @Test(arguments: ["modernbert", "modernbert-prefixed"]) func encoders(_ name: String) throws {
        let fixture = try EncoderFixture(name)
        let file = try file(name)
        let model = try EncoderTransformer(ModelDescription(metadata: file), from: file)
        let batch = try fixture.batch(Array(fixture.sequences.indices))
        #expect(areBitwiseEqual(try model(batch), try fixture.model(batch)))
    }

    /// What the files say is what the folders say.
    @Test(arguments: ["gemma3", "mixtral"]) func configurations(_ name: String) throws {
        let read = try ModelDescription(metadata: file(name)).configuration
        let own = try DecoderFixture(name).model.configuration
        #expect(read.blocks.map(\.attention.span) == own.blocks.map(\.attention.span))
        #expect(read.blocks.map(\.attention.rotary) == own.blocks.map(\.attention.rotary))
        #expect(read.blocks.map(\.feedForward) == own.blocks.map(\.feedForward))
        #expect(read.blocks.map(\.placement) == own.blocks.map(\.placement))
    }
}
