import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTasks
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Encoders in GGUF files against transformers, whose models have the same weights. The stored nomic-bert
/// gives the same numbers in llama.cpp, to 8e-7.
struct GGUFEncoderTests {
    struct Attributes: Decodable, Sendable { let length: Int, float32Error: Double }

    private static let nomic = Locations.fixture("AttentionModelsTests", "nomic-bert/model.gguf").path

    private static func sequences(_ name: String) throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionModelsTests", "\(name)/expected.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases()
    }

    private func expectHiddenStates(_ embedder: TextEmbedder, _ name: String) throws {
        let sequences = try Self.sequences(name)
        #expect(sequences.map(\.attributes.length) == [1, 2, 7, 23, 40])
        let batch = try SequenceBatch(
            sequences.map { try $0.tensors.integers("ids") },
            typeIDs: sequences.map {
                $0.tensors.contains("token_type_ids")
                    ? try $0.tensors.integers("token_type_ids")
                    : [Int](repeating: 0, count: $0.attributes.length)
            })
        let hidden = try embedder.encoder(batch)
        for (sequence, range) in zip(sequences, batch.ranges) {
            let expected = try sequence.tensors.doubles("hidden_f64")
            let error = largestError(hidden.sliced(axis: 0, range), expected)
            #expect(error <= tolerance(float32Error: sequence.attributes.float32Error, of: expected))
        }
    }

    @Test func nomicBERT() throws {
        let embedder = try TextEmbedder(path: Self.nomic)
        try expectHiddenStates(embedder, "nomic-bert")
        #expect(embedder.maximumLength == 40 && embedder.width == 16)
        #expect(try embedder.tokenize("the banks").ids == [2, 5, 6, 7, 3])
        let vector = try embedder.embed(["the banks"])[0]
        let hidden = try embedder.hiddenStates(tokens: [2, 5, 6, 7, 3])
        let mean = try Pooling.mean(hidden, ranges: [0..<5]).normalized().scalars
        #expect(zip(vector, mean).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(try ModelKind(of: ModelFile(path: Self.nomic)) == .encoder)
        #expect(throws: TensorError.self) { try embedder.embed(tokens: [[Int](repeating: 5, count: 41)]) }
    }

    /// The stored BERT under the names of GGUF files, its queries, keys and values apart and in one matrix.
    @Test(arguments: [false, true])
    func bert(isJoined: Bool) throws {
        let folder = try TemporaryFolder()
        let embedder = try TextEmbedder(path: Self.write(isJoined: isJoined, to: folder))
        try expectHiddenStates(embedder, "bert")
        #expect(throws: TokenizerError.self) { try embedder.tokenizer }
    }

    @Test(
        arguments: [(1, Pooling.mean), (2, .firstToken), (3, .lastToken), (nil, .mean)]
            as [(UInt32?, Pooling)])
    func poolsAsTheFileSays(_ type: UInt32?, _ pooling: Pooling) throws {
        let folder = try TemporaryFolder()
        let values = type.map { [("bert.pooling_type", GGUFValue.uint32($0))] } ?? []
        let embedder = try TextEmbedder(path: Self.write(values, to: folder))
        let hidden = try embedder.hiddenStates(tokens: [5, 6, 7])
        let expected = try pooling(hidden, ranges: [0..<3]).normalized().scalars
        let found = try embedder.embed(tokens: [[5, 6, 7]])[0]
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func numbersForEachLayer() throws {
        let folder = try TemporaryFolder()
        let heads = GGUFValue.array(GGUFArray([Int32(4), 4]))
        let path = try Self.write([("bert.attention.head_count", heads)], to: folder)
        try expectHiddenStates(TextEmbedder(path: path), "bert")
    }

    @Test(arguments: [
        ("bert.pooling_type", GGUFValue.uint32(0)), ("bert.pooling_type", .uint32(4)),
        ("bert.attention.causal", .bool(true)), ("bert.expert_count", .uint32(8)),
        ("bert.attention.head_count", .array(GGUFArray([Int32(4), 2]))),
        ("bert.attention.head_count", .array(GGUFArray([Int32]()))),
        ("bert.attention.head_count", .array(GGUFArray([Float(4)]))),
        ("bert.attention.head_count", .uint32(0)), ("bert.attention.head_count", .uint32(5)),
        ("bert.attention.head_count_kv", .uint32(2)), ("bert.block_count", .int32(-1)),
        ("bert.embedding_length", .string("24")), ("bert.context_length", .uint64(1 << 40)),
    ])
    func refuses(_ key: String, _ value: GGUFValue) throws {
        let folder = try TemporaryFolder()
        let path = try Self.write([(key, value)], to: folder)
        do {
            _ = try TextEmbedder(path: path)
            Issue.record("was not refused")
        } catch {
            #expect("\(error)".contains(path) && "\(error)".contains(key), "\(error)")
        }
    }

    @Test func refusesOtherArchitectures() throws {
        for name in ["llama", "nomic-bert-moe", "jina-bert-v2"] {
            let folder = try TemporaryFolder()
            let path = try Self.write([("general.architecture", .string(name))], to: folder)
            #expect(try (ModelKind(of: ModelFile(path: path)) == .decoder) == (name == "llama"))
            let error = #expect(throws: ModelFileError.self) { try TextEmbedder(path: path) }
            #expect(error.map { "\($0)" }?.contains("general.architecture") == true)
            #expect(error.map { "\($0)" }?.contains("nomic-bert") == true)
        }
        let folder = try TemporaryFolder()
        let norm = StoredTensor(name: "blk.0.attn_q_norm.weight", Tensor(repeating: 1, shape: [24]))
        let path = try Self.write(also: [norm], to: folder)
        let error = #expect(throws: ModelFileError.self) { try TextEmbedder(path: path) }
        #expect(error.map { "\($0)" }?.contains("attn_q_norm") == true)
    }

    // MARK: -

    private static let names = [
        ("embeddings.word_embeddings", "token_embd"), ("embeddings.position_embeddings", "position_embd"),
        ("embeddings.token_type_embeddings", "token_types"), ("embeddings.LayerNorm", "token_embd_norm"),
        ("attention.self.query", "attn_q"), ("attention.self.key", "attn_k"),
        ("attention.self.value", "attn_v"),
        ("attention.output.dense", "attn_output"), ("attention.output.LayerNorm", "attn_output_norm"),
        ("intermediate.dense", "ffn_up"), ("output.dense", "ffn_down"),
        ("output.LayerNorm", "layer_output_norm"),
    ]

    /// Writes the stored BERT as a GGUF file; of the metadata `values` replace the usual ones.
    private static func write(
        _ values: [(String, GGUFValue)] = [], isJoined: Bool = false, also more: [StoredTensor] = [],
        to folder: TemporaryFolder
    ) throws -> String {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionModelsTests", "bert/model.safetensors").path)
        var tensors = more
        for name in file.tensorNames where !name.hasPrefix("pooler") {
            guard let stored = try file.storedTensor(named: name) else { continue }
            tensors.append(StoredTensor(name: try Self.name(of: name), try stored.float32()))
        }
        if isJoined { tensors = try joined(tensors) }
        let usual: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .string("bert")), ("bert.context_length", .uint32(40)),
            ("bert.embedding_length", .uint32(24)), ("bert.block_count", .uint32(2)),
            ("bert.feed_forward_length", .uint32(40)), ("bert.attention.head_count", .uint32(4)),
            ("bert.attention.layer_norm_epsilon", .float32(1e-12)), ("bert.attention.causal", .bool(false)),
            ("bert.vocab_size", .uint32(100)), ("tokenizer.ggml.token_type_count", .uint32(2)),
        ]
        let metadata =
            usual.filter { member in !values.contains { $0.0 == member.key } }
            + values.map { (key: $0.0, value: $0.1) }
        let path = "\(folder.path)/model.gguf"
        try GGUFWriter.write(metadata: metadata, tensors, to: path)
        return path
    }

    private static func name(of name: String) throws -> String {
        let parts = name.split(separator: ".")
        let isLayer = parts[0] == "encoder"
        let inner = (isLayer ? parts.dropFirst(3) : parts[...]).dropLast().joined(separator: ".")
        let match = try #require(names.first { $0.0 == inner }, "\(name)")
        return (isLayer ? "blk.\(parts[2])." : "") + "\(match.1).\(parts[parts.count - 1])"
    }

    private static func joined(_ tensors: [StoredTensor]) throws -> [StoredTensor] {
        let parts = ["attn_q", "attn_k", "attn_v"]
        var rest = tensors.filter { tensor in !parts.contains { tensor.name.contains(".\($0).") } }
        for layer in 0..<2 {
            for kind in ["weight", "bias"] {
                let together = try parts.map { part in
                    try #require(tensors.first { $0.name == "blk.\(layer).\(part).\(kind)" }).float32()
                }
                rest.append(
                    StoredTensor(
                        name: "blk.\(layer).attn_qkv.\(kind)", try Tensor.concatenating(together, axis: 0)))
            }
        }
        return rest
    }
}
