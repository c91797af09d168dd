import AttentionModels
import AttentionTensors
import Foundation
import Testing

@Suite struct ModelRegistryTests {
    private struct Twin: ModelFamily {
        static let kind = ModelKind.decoder
        static let modelTypes = ["a-new-name", "mixtral"]
        func configuration() throws -> TransformerConfiguration { throw CancellationError() }
        var names: CheckpointNames { .llama }
    }

    private struct GGUFTwin: ModelFamily {
        static let kind = ModelKind.encoder
        static let modelTypes = ["another-new-name"]
        static let ggufNames = ["nomic-bert"]
        func configuration() throws -> TransformerConfiguration { throw CancellationError() }
        var names: CheckpointNames { .llama }
    }

    @Test func aNameBelongsToOneFamily() {
        #expect(throws: ModelConfigurationError.alreadyRegistered("mixtral")) {
            try ModelRegistry.register(Twin.self)
        }
        #expect(throws: ModelConfigurationError.alreadyRegistered("nomic-bert")) {
            try ModelRegistry.register(GGUFTwin.self)
        }
        #expect(ModelRegistry.family(modelType: "a-new-name") == nil)
        #expect(ModelRegistry.family(modelType: "another-new-name") == nil)
    }

    /// Names are compared by their scalars: the Kelvin sign is no K.
    @Test func namesAreExact() {
        #expect(ModelRegistry.family(modelType: "llama") != nil)
        #expect(ModelRegistry.family(modelType: "llama\u{301}") == nil)
        #expect(ModelRegistry.family(ggufName: "Llama") == nil)
    }

    @Test func anotherKindIsNamed() throws {
        let bert = Data(
            #"{"model_type":"bert","hidden_size":24,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":40,"vocab_size":9,"max_position_embeddings":8}"#
                .utf8)
        let description = try JSONDecoder().decode(ModelDescription.self, from: bert)
        #expect {
            try DecoderTransformer(description, from: InMemoryWeights([:]))
        } throws: {
            "\($0)".contains("'bert' is an encoder, not a decoder") && "\($0)".contains("mixtral")
        }
    }
}
