import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
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

    /// The kind by the name that a file gives, also where the family is not implemented.
    @Test func kindsOfFiles() throws {
        func kind(gguf name: String?) throws -> ModelKind? {
            let values = name.map { [("general.architecture", GGUFBytes.Value.string($0))] } ?? []
            return ModelKind(
                of: ModelFile(.gguf(try GGUFFile(content: GGUFBytes(values).bytes, label: "m.gguf"))))
        }
        #expect(try kind(gguf: "llama") == .decoder && kind(gguf: "nomic-bert") == .encoder)
        #expect(try kind(gguf: "jina-bert-v2") == .encoder && kind(gguf: "mamba") == .decoder)
        #expect(try kind(gguf: nil) == nil)
        for (name, expected) in [("qwen3", ModelKind.decoder), ("roberta", .encoder), ("mamba", nil)] {
            let folder = try textFolder(["config.json": "{\"model_type\": \"\(name)\"}"])
            #expect(try ModelKind(of: ModelFile(path: folder.path)) == expected)
        }
        #expect(try ModelKind(of: ModelFile(path: textFolder([:]).path)) == nil)
    }

    /// A file of another kind is refused by its name, before its fields are read.
    @Test func filesOfAnotherKind() throws {
        let folder = try textFolder(["config.json": #"{"model_type": "bert"}"#])
        #expect {
            try ModelDescription(ModelFile(path: folder.path), expecting: .decoder)
        } throws: {
            "\($0)".contains("/config.json: model_type: expected a decoder, one of")
                && "\($0)".hasSuffix("found 'bert', an encoder")
        }
        let bytes = GGUFBytes([("general.architecture", .string("llama"))]).bytes
        let file = ModelFile(.gguf(try GGUFFile(content: bytes, label: "m.gguf")))
        #expect { try ModelDescription(file, expecting: .encoder) } throws: {
            "\($0)".contains("m.gguf: general.architecture: expected an encoder, one of")
        }
    }
}
