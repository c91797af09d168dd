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
    func whatTakesWhichType(_ type: ElementType, _ expected: [ElementType]) throws {
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
        let (a, b) = (
            try DecoderTransformer(
                source.decode(DecoderTransformer.Description.self), from: source.weights()),
            try DecoderTransformer(.init(metadata: file), from: file)
        )
        let batch = try TokenBatch([[1, 5, 9, 33, 2, 7]])
        let (expected, found) = (try a(batch).scalars, try b(batch).scalars)
        let largest = expected.map(abs).max() ?? 0
        let error = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
        #expect(error <= 1e-5 * largest, "\(error) of \(largest)")
    }

    /// The published conversion of a trained model, to the bit.
    @Test(.enabled(if: Stories.folder != nil, "shared/data/stories260K is not here"))
    func thePublishedConversion() throws {
        let source = try #require(Stories.folder).appendingPathComponent("hf").path
        _ = try ModelQuantizer(path: source, type: .float32).write(to: "\(folder)/f32.gguf")
        let (expected, found) = (
            try GGUFFile(path: #require(Stories.gguf("f32"))), try GGUFFile(path: "\(folder)/f32.gguf")
        )
        // It stores the tied head a second time.
        for entry in expected.entries where entry.name != "output.weight" {
            let (a, b) = (
                try expected.tensor(entry.name, shape: entry.shape),
                try found.tensor(entry.name, shape: entry.shape)
            )
            #expect(areBitwiseEqual(a, b), "\(entry.name)")
        }
        // Its rounded forms: matrices of the same bytes.
        for (name, type) in [
            ("q8_0", ElementType.q8_0), ("q4_0", .q4_0), ("q4_1", .q4_1), ("q5_0", .q5_0), ("q5_1", .q5_1),
        ] {
            _ = try ModelQuantizer(path: #require(Stories.gguf("f32")), type: type).write(
                to: "\(folder)/q.gguf")
            let (expected, found) = (
                try GGUFFile(path: #require(Stories.gguf(name))), try GGUFFile(path: "\(folder)/q.gguf")
            )
            for entry in expected.entries where entry.name.contains("attn_q.") {
                let bytes = try [expected, found].map { file in
                    try file.storedTensor(named: entry.name)?.withUnsafeBytes { Array($0) }
                }
                #expect(bytes[0] == bytes[1], "\(name) \(entry.name)")
            }
        }
    }

    @Test func whatCannotBeConverted() throws {
        #expect(throws: ModelFileError.self) { try ModelQuantizer(path: "\(folder)/none", type: .q8_0) }
        try Data("{\"model_type\": \"mamba\"}".utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
        #expect(throws: ModelFileError.self) { try ModelQuantizer(path: folder, type: .q8_0) }
        let split = "\(folder)/split.gguf"
        try GGUFWriter.write(metadata: [(key: "split.count", value: .uint16(2))], [], to: split)
        #expect(throws: ModelFileError.self) { try ModelQuantizer(path: split, type: .q8_0) }
    }

    /// Tokenizers of folders in the plain values of GGUF files, read back: the same tokens of the same texts.
    @Test(.enabled(if: Locations.data != nil, "shared data is absent"))
    func tokenizersComeBack() throws {
        let data = try #require(Locations.data).appendingPathComponent("tokenizers")
        let texts = [
            "Hello world", " two  spaces", "naïve café 你好 🙂", "x = 3.14159;\n\treturn 1000000", "", "a",
        ]
        for (name, model, count) in [
            ("roberta-tokenizer.json", "gpt2", 50_265), ("llama2-tokenizer.json", "llama", 32_000),
        ] {
            let target = URL(fileURLWithPath: folder).appendingPathComponent("tokenizer.json")
            try? FileManager.default.removeItem(at: target)
            try FileManager.default.copyItem(at: data.appendingPathComponent(name), to: target)
            let description = try TokenizerDescription(folder: URL(fileURLWithPath: folder), count: count)
            #expect(description.model == model && description.tokens.count == count)
            let (original, again) = (
                try Tokenizer(contentsOf: target), try Tokenizer(description, name: "again")
            )
            for text in texts {
                let (a, b) = (
                    try original.encode(text, addSpecialTokens: false).ids,
                    try again.encode(text, addSpecialTokens: false).ids
                )
                #expect(a == b, "\(name): \(text)")
            }
        }
    }
}
