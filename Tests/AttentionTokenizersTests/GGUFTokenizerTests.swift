import AttentionFiles
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Tokenizers from GGUF files: identity with llama.cpp on published vocabularies, and what is refused.
@Suite struct GGUFTokenizerTests {
    /// The first entries of published vocabularies.
    @Test(arguments: VocabularyFixture.names)
    func vocabularies(name: String) throws {
        let fixture = try VocabularyFixture.load()
        let expected = try #require(fixture.vocabularies[name])
        let tokenizer = try Tokenizer(path: VocabularyFixture.file("\(name).gguf").path)
        #expect(tokenizer.vocabularySize == expected.count)
        for (text, ids) in zip(fixture.texts, expected.ids) {
            let found = try tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(found == ids, "\(text.debugDescription)")
            if name != "minilm" { #expect(tokenizer.decode(found) == text, "\(text.debugDescription)") }
        }
    }

    @Test(
        .enabled(if: Locations.data != nil, "needs the published data: set ATTENTION_TEST_DATA"),
        arguments: ["bert-bge", "gpt-2", "llama-spm"])
    func publishedVocabularies(name: String) throws {
        let folder = try #require(Locations.data).appendingPathComponent("tokenizers/llama.cpp")
        let file = folder.appendingPathComponent("ggml-vocab-\(name).gguf")
        let tokenizer = try Tokenizer(path: file.path)
        let texts = try String(contentsOf: file.appendingPathExtension("inp"), encoding: .utf8)
            .components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = try String(contentsOf: file.appendingPathExtension("out"), encoding: .utf8)
            .components(separatedBy: "\n")
        #expect(texts.count == 47 || texts.count == 46)
        for (text, line) in zip(texts, lines) {
            let expected = line.split(separator: " ").compactMap { Int($0) }
            let ids = try tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(ids == expected, "\(text.debugDescription)")
            if name != "bert-bge" { #expect(tokenizer.decode(ids) == text, "\(text.debugDescription)") }
        }
    }

    /// The tokenizer in a model's file finds the tokens of the text that the model recites.
    @Test func aModelsOwnText() throws {
        let expected = try TrainedModel.reciter.greedy()
        let tokenizer = try Tokenizer(path: TrainedModel.reciter.path("q4_0"))
        #expect(tokenizer.vocabularySize == 352)
        let text = try #require(expected.text)
        // The last word may be cut.
        #expect(try tokenizer.encode(text).ids.dropLast(5) == expected.ids.dropLast(5))
    }

    // MARK: Files of our own

    private static let key = "tokenizer.ggml."
    private static let pieces: [(String, Float, Int32)] = [
        ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("▁", -4, 1), ("a", -5, 1), ("b", -6, 1),
        ("ab", -1, 1),
        ("▁a", -2, 1), ("<0xC3>", 0, 6), ("<0xA4>", 0, 6), ("user", 0, 4),
    ]

    private func llama(_ change: (inout GGUFBytes) -> Void = { _ in }) -> GGUFBytes {
        var bytes = GGUFBytes([
            (Self.key + "model", .string("llama")),
            (Self.key + "tokens", .strings(Self.pieces.map(\.0))),
            (Self.key + "scores", .floats(Self.pieces.map(\.1))),
            (Self.key + "token_type", .integers(Self.pieces.map(\.2))),
            (Self.key + "bos_token_id", .uint32(1)), (Self.key + "eos_token_id", .uint32(2)),
        ])
        change(&bytes)
        return bytes
    }

    private func load(_ bytes: GGUFBytes) throws -> Tokenizer {
        try Tokenizer(ModelFile(.gguf(GGUFFile(content: bytes.bytes, label: "v.gguf"))))
    }

    @Test func sentencePiece() throws {
        let tokenizer = try load(llama())
        #expect(try tokenizer.encode("abä").ids == [1, 3, 6, 8, 9])
        #expect(try tokenizer.encode("user a</s>").ids == [1, 10, 3, 7, 2])
        #expect(tokenizer.decode([1, 7, 5, 10, 8, 9, 2]) == "abuserä")
        let settings = [
            ("add_bos_token", GGUFBytes.Value.bool(false)), ("add_eos_token", .bool(true)),
            ("add_space_prefix", .bool(false)),
        ]
        let changed = try load(llama { $0.values += settings.map { (Self.key + $0.0, $0.1) } })
        #expect(try changed.encode("ab").ids == [6, 2])
    }

    @Test func byteLevel() throws {
        let tokens = ["<|end|>", "a", "b", "Ġ", "ab", "Ġa", "Ġab"]
        func bytes(pre: String) -> GGUFBytes {
            GGUFBytes([
                (Self.key + "model", .string("gpt2")), (Self.key + "pre", .string(pre)),
                (Self.key + "tokens", .strings(tokens)), (Self.key + "merges", .strings(["Ġ a", "a b"])),
                (Self.key + "bos_token_id", .uint32(0)), (Self.key + "eos_token_id", .uint32(0)),
            ])
        }
        #expect(try load(bytes(pre: "gpt-2")).encode("ab ab<|end|>").ids == [4, 5, 2, 0])
        // Llama 3 takes whole words that are tokens, and begins texts.
        #expect(try load(bytes(pre: "llama-bpe")).encode("ab ab").ids == [0, 4, 6])
        for pre in ["default", "qwen2", "smollm", "gpt-4o", "tekken", "deepseek-v3", "falcon", "glm4"] {
            _ = try load(bytes(pre: pre)).encode("Ab ab 12'S\n")
        }
        let error = #expect(throws: TokenizerError.self) { try load(bytes(pre: "rwkv-world")) }
        guard case .unsupported("v.gguf", "pre", "rwkv-world", _) = error else {
            Issue.record("\(error.map { "\($0)" } ?? "-")")
            return
        }
    }

    @Test func bytePairsOfLines() throws {
        let tokens = ["<bos>", "▁", "a", "b", "ab", "▁ab", "\n", "\n\n", "<0xC3>", "<0xA4>", "a▁ab"]
        let bytes = GGUFBytes([
            (Self.key + "model", .string("gemma4")), (Self.key + "tokens", .strings(tokens)),
            (Self.key + "merges", .strings(["a b", "▁ ab"])), (Self.key + "bos_token_id", .uint32(0)),
            (Self.key + "token_type", .integers([3, 1, 1, 1, 1, 1, 1, 1, 6, 6, 1])),
            // The first files said so, and the model needs it all the same.
            (Self.key + "add_bos_token", .bool(false)),
        ])
        let tokenizer = try load(bytes)
        let ids = try tokenizer.encode("ab ab\n\nä\n\n\na ab").ids
        #expect(ids == [0, 4, 5, 7, 8, 9, 6, 6, 6, 2, 5])
        #expect(tokenizer.decode(ids) == "ab ab\n\nä\n\n\na ab")
    }

    @Test func missingAndMistypedKeysAreNamed() {
        for (index, name) in ["model", "tokens"].enumerated() {
            let error = #expect(throws: GGUFError.self) { try load(llama { $0.values.remove(at: index) }) }
            #expect(error?.problem == .missingKey && error?.name == Self.key + name)
        }
        for index in 0..<6 {
            let error = #expect(throws: GGUFError.self) {
                try load(
                    llama {
                        $0.values[index].value = .floats([1])
                        if index == 2 { $0.values[2].value = .bool(true) }
                    })
            }
            #expect(error?.problem == .valueType)
        }
    }

    @Test func refusesContradictionsOfTheVocabulary() {
        func field(_ change: (inout GGUFBytes) -> Void) -> String? {
            let error = #expect(throws: TokenizerError.self) { try load(llama(change)) }
            switch error {
            case .invalidValue("v.gguf", let field, _), .missingField("v.gguf", let field): return field
            default: return nil
            }
        }
        #expect(field { $0.values[1].value = .strings([]) } == "tokens")
        #expect(field { $0.values.remove(at: 2) } == "scores")
        #expect(field { $0.values[2].value = .floats([1]) } == "scores")
        #expect(field { $0.values[2].value = .floats(Self.pieces.map { _ in .nan }) } == "scores[0]")
        #expect(field { $0.values[3].value = .integers([1]) } == "token_type")
        #expect(field { $0.values[3].value = .integers(Self.pieces.map { _ in 7 }) } == "token_type[0]")
        for id in [UInt32(11), .max] { #expect(field { $0.values[4].value = .uint32(id) } == "bos_token_id") }
        #expect(field { $0.values[5].value = .int32(-1) } == "eos_token_id")
        // llama.cpp PR #25969
        for name in ["<0x-1>", "<0xZZ>", "<0x1>", "<0x123>", ""] {
            var tokens = Self.pieces.map(\.0)
            tokens[8] = name
            #expect(field { $0.values[1].value = .strings(tokens) } == "pieces[8]")
        }
        let long = Self.pieces.map(\.0).dropLast() + [String(repeating: "a", count: 5000)]
        #expect(field { $0.values[1].value = .strings(Array(long)) } == "pieces[10]")
    }

    @Test func unknownModels() {
        for model in ["", "rwkv", "GPT2"] {
            #expect(throws: TokenizerError.self) { try load(llama { $0.values[0].value = .string(model) }) }
        }
    }

    /// Every value that is written under its key is read from there.
    @Test func descriptionsComeBack() throws {
        var description = TokenizerDescription(model: "llama", tokens: ["a", "", "é"])
        description.preTokenizer = "qwen2"
        description.scores = [0, -1.5, .infinity]
        description.kinds = [1, 3, 6]
        description.merges = ["a b"]
        description.characterMap = [0, 128, 255]
        let ids: [WritableKeyPath<TokenizerDescription, Int?>] = [
            \.beginID, \.endID, \.unknownID, \.separatorID, \.paddingID, \.maskID, \.classID,
        ]
        for (number, id) in ids.enumerated() { description[keyPath: id] = number }
        (description.addsBegin, description.addsEnd) = (true, false)
        (description.addsSpacePrefix, description.removesExtraWhitespaces) = (false, true)
        #expect(try "\(again(description))" == "\(description)")
        let bare = TokenizerDescription(model: "t5", tokens: ["a"])
        var named = bare
        named.preTokenizer = "default"
        #expect(try "\(again(bare))" == "\(named)")
    }

    private func again(_ description: TokenizerDescription) throws -> TokenizerDescription {
        let folder = try TemporaryFolder()
        let path = folder.path + "/v.gguf"
        try GGUFWriter.write(metadata: description.ggufValues, [], to: path)
        return try TokenizerDescription(gguf: GGUFFile(path: path))
    }
}
