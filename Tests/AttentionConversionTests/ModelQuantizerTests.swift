import AttentionConversion
import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Models written in fewer bits.
@Suite struct ModelQuantizerTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    /// A GGUF file with one matrix of each kind, 256 wide.
    private func sample() throws -> String {
        var random = SeededGenerator(seed: 80)
        let path = "\(folder)/sample.gguf"
        try GGUFWriter.write(
            metadata: [
                (key: "general.architecture", value: .string("llama")),
                (key: "general.file_type", value: .uint32(0)), (key: "kept", value: .array(GGUFArray(["a"]))),
            ],
            [
                StoredTensor(name: "token_embd.weight", random.tensor([40, 256])),
                StoredTensor(name: "output.weight", random.tensor([40, 256])),
                StoredTensor(name: "output_norm.weight", random.tensor([256])),
                StoredTensor(name: "blk.0.attn_q.weight", random.tensor([256, 256])),
                StoredTensor(name: "blk.1.attn_q.weight", random.tensor([256, 256])),
                StoredTensor(name: "blk.0.odd.weight", random.tensor([3, 96])),
                StoredTensor(name: "blk.0.odder.weight", random.tensor([3, 33])),
                StoredTensor(name: "blk.0.attn_q.bias", random.tensor([256])),
            ], to: path)
        return path
    }

    @Test(arguments: [
        (ElementType.q4_0, [ElementType.q4_0, .q6_K, .q4_0, .q4_0]), (.q4_K, [.q4_K, .q6_K, .q4_K, .q5_0]),
        (.q5_K, [.q5_K, .q6_K, .q5_K, .q5_1]), (.q8_0, [.q8_0, .q8_0, .q8_0, .q8_0]),
        (.q6_K, [.q6_K, .q6_K, .q6_K, .q8_0]), (.float16, [.float16, .float16, .float16, .float16]),
    ])
    func typesOfTensors(_ type: ElementType, _ expected: [ElementType]) throws {
        let (input, output) = (try sample(), "\(folder)/out.gguf")
        var progress: [Int] = []
        let quantizer = try ModelQuantizer(path: input, type: type)
        let errors = try quantizer.write(to: output) { progress.append($0) }
        let (before, after) = (try GGUFFile(path: input), try GGUFFile(path: output))
        func found(_ name: String) throws -> ElementType? { try after.storedTensor(named: name)?.elementType }
        #expect(try found("token_embd.weight") == expected[0] && found("output.weight") == expected[1])
        #expect(try found("blk.1.attn_q.weight") == expected[2] && found("blk.0.odd.weight") == expected[3])
        #expect(try found("blk.0.odder.weight") == .float16)
        #expect(try found("output_norm.weight") == .float32 && found("blk.0.attn_q.bias") == .float32)
        #expect(after.metadata["kept"] == before.metadata["kept"])
        #expect(after.keys.filter { $0 == "general.file_type" }.count == 1)
        #expect(
            progress.count == 8 && progress.last == errors.byteCount
                && errors.byteCount == quantizer.byteCount)
        #expect(after.tensorNames == before.tensorNames)

        // The errors are those of the numbers in the file.
        var (sum, squares) = (0.0, 0.0)
        for entry in before.entries {
            let a = try before.tensor(entry.name, shape: entry.shape).scalars
            let b = try after.tensor(entry.name, shape: entry.shape).scalars
            for (x, y) in zip(a, b) {
                sum += Double(x - y) * Double(x - y)
                squares += Double(x) * Double(x)
            }
        }
        #expect(abs(errors.total - (sum / squares).squareRoot()) < 1e-9 && errors.total > 0)
        let queries = try #require(
            errors.parts.first { $0.name == "attn_q" && $0.elementType == expected[2] })
        #expect(queries.tensors == 2)
    }

    @Test func aTiedHeadIsAHead() throws {
        let path = "\(folder)/tied.gguf"
        try GGUFWriter.write(
            metadata: [], [StoredTensor(name: "token_embd.weight", .zeros([4, 256]))], to: path)
        _ = try ModelQuantizer(path: path, type: .q4_0).write(to: "\(folder)/out.gguf")
        #expect(
            try GGUFFile(path: "\(folder)/out.gguf").storedTensor(named: "token_embd.weight")?.elementType
                == .q6_K)
    }

    /// A folder becomes a file that is the same model.
    @Test(arguments: ["llama", "gpt2", "phi3", "qwen3"])
    func foldersBecomeFiles(_ name: String) throws {
        let source = try ModelFolder(
            path: Locations.fixture("AttentionModelsTests", "decoders/\(name)").path)
        let errors = try ModelQuantizer(path: source.path, type: .float32).write(to: "\(folder)/out.gguf")
        #expect(errors.total == 0)
        let file = try GGUFFile(path: "\(folder)/out.gguf")
        #expect(try file.string("tokenizer.ggml.model") == "no_vocab")
        let model = try LanguageModel(path: file.path)
        #expect(throws: TokenizerError.noVocabulary(file: file.path)) { try model.tokenizer }
        let (a, b) = (
            try DecoderTransformer(
                source.decode(ModelDescription.self), from: source.weights()),
            try DecoderTransformer(.init(metadata: file), from: file)
        )
        let batch = try SequenceBatch([[1, 5, 9, 33, 2, 7]])
        let (expected, found) = (try a(batch).scalars, try b(batch).scalars)
        let largest = expected.map(abs).max() ?? 0
        let error = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
        #expect(error <= 1e-5 * largest, "\(error) of \(largest)")
    }

    /// The conversion of a folder has the bits of the stored file, and so have its matrices in blocks.
    @Test(arguments: TrainedModel.all)
    func theReferencesConversion(_ trained: TrainedModel) throws {
        let exact = try #require(QuantizationMixture(name: trained.types[0]))
        let source = trained.folder.appendingPathComponent("hf").path
        _ = try ModelQuantizer(path: source, mixture: exact).write(to: "\(folder)/exact.gguf")
        let expected = try GGUFFile(path: trained.path(trained.types[0]))
        let found = try GGUFFile(path: "\(folder)/exact.gguf")
        // The published file stores the tied head a second time.
        for entry in expected.entries where entry.name != "output.weight" {
            let (a, b) = (
                try expected.tensor(entry.name, shape: entry.shape),
                try found.tensor(entry.name, shape: entry.shape)
            )
            #expect(areBitwiseEqual(a, b), "\(entry.name)")
        }
        for type in [ElementType.q8_0, .q4_0, .q4_1, .q5_0, .q5_1] {
            let stored = trained.path("\(type)")
            guard FileManager.default.fileExists(atPath: stored) else { continue }
            _ = try ModelQuantizer(path: expected.path, type: type).write(to: "\(folder)/q.gguf")
            let files = [try GGUFFile(path: stored), try GGUFFile(path: "\(folder)/q.gguf")]
            for entry in expected.entries where entry.name.contains("attn_q.") {
                let bytes = try files.map { file in
                    try file.storedTensor(named: entry.name)?.withUnsafeBytes { Array($0) }
                }
                #expect(bytes[0] == bytes[1], "\(type) \(entry.name)")
            }
        }
    }

    @Test func refusesOtherModels() throws {
        #expect(throws: ModelFileError.self) { try ModelQuantizer(path: "\(folder)/none", type: .q8_0) }
        try Data("{\"model_type\": \"mamba\"}".utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
        #expect(throws: ModelFileError.self) { try ModelQuantizer(path: folder, type: .q8_0) }
    }

    /// Two files become one, without the metadata of split files.
    @Test func aModelInTwoFiles() throws {
        for (number, name) in ["blk.0.attn_q.weight", "output.weight"].enumerated() {
            var metadata: [(key: String, value: GGUFValue)] = [
                (key: "split.no", value: .uint16(UInt16(number))), (key: "split.count", value: .uint16(2)),
                (key: "split.tensors.count", value: .int32(2)),
            ]
            if number == 0 { metadata.append((key: "general.architecture", value: .string("llama"))) }
            try GGUFWriter.write(
                metadata: metadata, [StoredTensor(name: name, .zeros([2, 32]))],
                to: "\(folder)/m-0000\(number + 1)-of-00002.gguf")
        }
        _ = try ModelQuantizer(path: folder, type: .q8_0).write(to: "\(folder)/whole.gguf")
        let file = try GGUFFile(path: "\(folder)/whole.gguf")
        #expect(file.tensorNames == ["blk.0.attn_q.weight", "output.weight"])
        #expect(file.keys == ["general.architecture", "general.file_type", "general.quantization_version"])
    }

    /// llama.cpp's mixtures: in eleven layers the same matrices take more bits as with `llama-quantize`.
    @Test(arguments: [
        (QuantizationMixture.q4_K_M, "attn_v", ElementType.q4_K, UInt32(15)),
        (.q5_K_M, "attn_qkv", .q5_K, 17),
    ])
    func mixtures(_ mixture: QuantizationMixture, _ values: String, _ base: ElementType, _ type: UInt32)
        throws
    {
        var random = SeededGenerator(seed: 81)
        var tensors = [StoredTensor(name: "token_embd.weight", random.tensor([2, 256]))]
        for layer in 0..<11 {
            for part in [values, "attn_output", "ffn_down"] {
                // Rows of 96 are no blocks of 256.
                let width = part == "ffn_down" && layer < 5 ? 96 : 256
                tensors.append(StoredTensor(name: "blk.\(layer).\(part).weight", random.tensor([1, width])))
            }
        }
        try GGUFWriter.write(
            metadata: [
                (key: "general.architecture", value: .string("llama")),
                (key: "llama.block_count", value: .uint32(11)),
            ], tensors, to: "\(folder)/in.gguf")
        _ = try ModelQuantizer(path: "\(folder)/in.gguf", mixture: mixture).write(to: "\(folder)/out.gguf")
        let file = try GGUFFile(path: "\(folder)/out.gguf")
        func types(_ part: String) throws -> [ElementType?] {
            try (0..<11).map { try file.storedTensor(named: "blk.\($0).\(part).weight")?.elementType }
        }
        let more: Set = [0, 3, 6, 9, 10]
        func expected(_ many: ElementType, _ few: ElementType, _ layer: Int) -> ElementType {
            more.contains(layer) ? many : few
        }
        let narrow = base == .q4_K ? ElementType.q5_0 : .q5_1
        #expect(try types(values) == (0..<11).map { expected(.q6_K, base, $0) })
        #expect(try types("attn_output") == (0..<11).map { _ in base })
        #expect(
            try types("ffn_down")
                == (0..<5).map { expected(.q8_0, narrow, $0) } + (5..<11).map { expected(.q6_K, base, $0) })
        #expect(try file.storedTensor(named: "token_embd.weight")?.elementType == .q6_K)
        #expect(file.metadata["general.file_type"] == .uint32(type))
    }

    /// Which layers take more bits is llama.cpp's rule (`use_more_bits`), for models of any depth.
    @Test(arguments: [1, 2, 7, 8, 12, 13, 16, 22, 33])
    func layersOfMoreBits(_ count: Int) throws {
        try GGUFWriter.write(
            metadata: [
                (key: "general.architecture", value: .string("llama")),
                (key: "llama.block_count", value: .uint32(UInt32(count))),
            ], (0..<count).map { StoredTensor(name: "blk.\($0).ffn_down.weight", .zeros([1, 256])) },
            to: "\(folder)/in.gguf")
        _ = try ModelQuantizer(path: "\(folder)/in.gguf", mixture: .q4_K_M).write(to: "\(folder)/out.gguf")
        let file = try GGUFFile(path: "\(folder)/out.gguf")
        for layer in 0..<count {
            let takesMore =
                layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2
            let found = try file.storedTensor(named: "blk.\(layer).ffn_down.weight")?.elementType
            #expect(found == (takesMore ? .q6_K : .q4_K), "layer \(layer)")
        }
    }

    /// In a model of 70 billion parameters, all matrices of values take more bits if heads are grouped.
    @Test func theLargestModel() throws {
        for (groups, expected) in [(UInt32(8), ElementType.q5_K), (64, .q4_K)] {
            try GGUFWriter.write(
                metadata: [
                    (key: "llama.block_count", value: .uint32(80)),
                    (key: "llama.attention.head_count", value: .uint32(64)),
                    (key: "llama.attention.head_count_kv", value: .uint32(groups)),
                ],
                (0..<80).map { StoredTensor(name: "blk.\($0).attn_v.weight", .zeros([1, 256])) },
                to: "\(folder)/in.gguf")
            _ = try ModelQuantizer(path: "\(folder)/in.gguf", mixture: .q4_K_M).write(
                to: "\(folder)/out.gguf")
            let file = try GGUFFile(path: "\(folder)/out.gguf")
            #expect(try file.storedTensor(named: "blk.9.attn_v.weight")?.elementType == .q6_K)
            #expect(try file.storedTensor(named: "blk.10.attn_v.weight")?.elementType == expected)
        }
    }

    @Test func namesOfMixtures() {
        #expect(QuantizationMixture.all.allSatisfy { QuantizationMixture(name: $0.name.uppercased()) == $0 })
        #expect(QuantizationMixture(name: "bf16") == .uniform(.bfloat16))
        #expect(QuantizationMixture(name: "Q4_K_M") == .q4_K_M)
        #expect(QuantizationMixture(name: "q9_0") == nil && QuantizationMixture(name: "int32") == nil)
        // The Kelvin sign is no K, although its small letter is k.
        #expect(QuantizationMixture(name: "Q4_\u{212A}") == nil)
    }

    /// A folder's tokenizer that is written in the form of a GGUF file and read back finds the same tokens.
    @Test func tokenizersComeBack() throws {
        let texts =
            try VocabularyFixture.load().texts + [
                "Hello world", " two  spaces", "naïve café 你好 🙂", "x = 3.14159;\n\treturn 1000000", "", "a",
            ]
        for (file, model, count) in Self.tokenizers {
            let target = URL(fileURLWithPath: folder).appendingPathComponent("tokenizer.json")
            try? FileManager.default.removeItem(at: target)
            try FileManager.default.copyItem(at: file, to: target)
            let description = try TokenizerDescription(folder: URL(fileURLWithPath: folder), count: count)
            #expect(description.model == model && description.tokens.count == count)
            let (original, again) = (
                try Tokenizer(path: target.path), try Tokenizer(description, name: "again")
            )
            for text in texts {
                let (a, b) = (
                    try original.encode(text, addSpecialTokens: false).ids,
                    try again.encode(text, addSpecialTokens: false).ids
                )
                #expect(a == b, "\(file.lastPathComponent): \(text)")
            }
        }
    }

    /// The first entries of two vocabularies; two whole ones, where the published data is.
    private static let tokenizers: [(file: URL, model: String, count: Int)] =
        [
            (VocabularyFixture.file("smollm2.json"), "gpt2", 1452),
            (VocabularyFixture.file("mistral.json"), "llama", 1580),
        ]
        + (Locations.data.map { data in
            let folder = data.appendingPathComponent("tokenizers")
            return [
                (folder.appendingPathComponent("roberta-tokenizer.json"), "gpt2", 50_265),
                (folder.appendingPathComponent("llama2-tokenizer.json"), "llama", 32_000),
            ]
        } ?? [])
}
