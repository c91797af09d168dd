import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Settings that are refused by name, and older forms of models.
@Suite struct SettingsTests {
    private func load(_ files: [String: String]) throws -> Tokenizer {
        let folder = try textFolder(files)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try Tokenizer(path: folder.path)
    }

    private func json(_ model: String, added: String = "[]") throws -> Tokenizer {
        try Tokenizer(json: Array("{\"added_tokens\": \(added), \"model\": \(model)}".utf8), name: "t.json")
    }

    private static let merges = [
        "vocab.json": #"{"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}"#, "merges.txt": "#version: 0.2\na b\n",
    ]

    @Test func idsThatTheNextTokenDoesNotHave() throws {
        for id in [9, 1] {
            var files = Self.merges
            files["tokenizer_config.json"] =
                #"{"added_tokens_decoder": {"\#(id)": {"content": "<x>", "special": true}}}"#
            let error = #expect(throws: TokenizerError.self) { try load(files) }
            guard case .invalidValue(_, "added_tokens_decoder.\(id)", let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason == "gives '<x>' the id \(id), and the next one is 4")
        }
        var files = Self.merges
        files["added_tokens.json"] = #"{"<x>": 7}"#
        #expect(throws: TokenizerError.self) { try load(files) }
        files["added_tokens.json"] = #"{"<x>": 4}"#
        #expect(try load(files).encode("a<x>b").ids == [0, 4, 1])
    }

    @Test(arguments: ["WhisperTokenizer", "CLIPTokenizerFast", "PreTrainedTokenizerFast"])
    func classesThatCutTextOtherwise(name: String) throws {
        var files = Self.merges
        files["tokenizer_config.json"] = #"{"tokenizer_class": "\#(name)"}"#
        let error = #expect(throws: TokenizerError.self) { try load(files) }
        guard case .unsupported(_, "tokenizer_class", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        files["tokenizer_config.json"] = nil
        files["config.json"] = #"{"model_type": "whisper"}"#
        #expect(throws: TokenizerError.self) { try load(files) }
        let words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"
        let config = #"{"tokenizer_class": "BertJapaneseTokenizer"}"#
        #expect(throws: TokenizerError.self) {
            try load(["vocab.txt": words, "tokenizer_config.json": config])
        }
    }

    @Test func settingsOfTheWrongType() throws {
        for config in [
            #"{"added_tokens_decoder": {"x": {"content": "<x>"}}}"#,
            #"{"added_tokens_decoder": {"4": {"special": true}}}"#, #"{"added_tokens_decoder": []}"#,
            #"{"pad_token": 3}"#, #"{"additional_special_tokens": "<x>"}"#, #"{"add_bos_token": "yes"}"#,
            #"{"extra_special_tokens": {"image_token": 1}}"#,
        ] {
            var files = Self.merges
            files["tokenizer_config.json"] = config
            #expect(throws: TokenizerError.self, "\(config)") { try load(files) }
        }
        for (name, text) in [("special_tokens_map.json", "[]"), ("added_tokens.json", #"{"<x>": -1}"#)] {
            var files = Self.merges
            files[name] = text
            #expect(throws: TokenizerError.self, "\(name)") { try load(files) }
        }
    }

    @Test func specialTokensAsText() throws {
        var files = Self.merges
        files["tokenizer_config.json"] = #"{"split_special_tokens": true, "pad_token": "ab"}"#
        let tokenizer = try load(files)
        // Decoding still leaves them out.
        #expect(try tokenizer.encode("ab").ids == [2] && tokenizer.decode([0, 2, 1]) == "ab")
        #expect(tokenizer.id(of: "<|endoftext|>") == 3)
    }

    /// Expected ids: PyPI `tokenizers` 0.23.3.
    @Test func modelsWithoutAType() throws {
        let unigram = #"{"unk_id": 0, "vocab": [["<unk>", 0], ["▁", -2], ["hi", -1], ["h", -3], ["i", -3]]}"#
        #expect(try json(unigram).encode("hi").ids == [2])
        let pairs = try json(#"{"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}"#)
        #expect(try pairs.encode("abz").ids == [2])
        let words = try json(#"{"vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"}"#)
        #expect(try ["a", "ab"].map { try words.encode($0).ids } == [[0], [1]])
        let limited = #"{"vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]", "max_input_chars_per_word": 9}"#
        #expect(try json(limited).encode("aa").ids == [1])
        let pieces = try json(
            ##"""
            {"vocab": {"a": 0, "[UNK]": 1, "##b": 2}, "unk_token": "[UNK]",
             "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
            """##)
        #expect(try ["ab", "b"].map { try pieces.encode($0).ids } == [[0, 2], [1]])
        #expect(throws: TokenizerError.self) { try json(#"{"vocab": {"a": 0}}"#) }
    }

    @Test func wholeWords() throws {
        let model = #"{"type": "WordLevel", "vocab": {"a": 0, "ab": 5, "?": 2}, "unk_token": "?"}"#
        let text = """
            {"added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": \(model)}
            """
        let tokenizer = try Tokenizer(json: Array(text.utf8), name: "t.json")
        #expect(try tokenizer.encode("ab a abc  a b").ids == [5, 0, 2, 0, 2])
        #expect(try tokenizer.encode("").ids.isEmpty && tokenizer.vocabularySize == 3)
        // The token for unknown words may be missing, and then they are an error.
        let without = try json(#"{"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}"#)
        #expect(try without.encode("a").ids == [0])
        #expect(throws: TokenizerError.unknownText("b")) { try without.encode("b") }
        #expect(throws: TokenizerError.self) { try json(#"{"type": "WordLevel", "vocab": {"a": 0}}"#) }
    }

    /// Texts that String calls equal are different tokens.
    @Test func tokensAreComparedByScalars() throws {
        let flags = #""special": false, "single_word": false, "lstrip": false, "rstrip": false"#
        let added = """
            [{"id": 2, "content": "caf\u{E9}", \(flags), "normalized": false},
             {"id": 3, "content": "cafe\u{301}", \(flags), "normalized": false},
             {"id": 4, "content": "\u{212A}", \(flags), "normalized": false}]
            """
        let tokenizer = try json(#"{"type": "BPE", "vocab": {"a": 0, "K": 1}, "merges": []}"#, added: added)
        #expect(try tokenizer.encode("acafe\u{301}Kcaf\u{E9}\u{212A}").ids == [0, 3, 1, 2, 4])
        #expect(tokenizer.id(of: "caf\u{E9}") == 2 && tokenizer.id(of: "cafe\u{301}") == 3)
        #expect(tokenizer.id(of: "K") == 1 && tokenizer.id(of: "\u{212A}") == 4)
        // The Kelvin sign is no letter of a type's name.
        #expect(throws: TokenizerError.self) {
            try json(#"{"type": "BP\#u{395}", "vocab": {}, "merges": []}"#)
        }
        #expect(throws: TokenizerError.self) {
            try Tokenizer(
                json: Array(
                    #"{"model": {"type": "BPE", "vocab": {}, "merges": []}, "normalizer": {"type": "NF\#u{212A}D"}}"#
                        .utf8), name: "t.json")
        }
        let classes = [
            "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ne\u{301}\n\u{E9}\n",
            "tokenizer_config.json":
                #"{"do_lower_case": false, "strip_accents": false, "pad_token": "e\#u{301}", "mask_token": "\#u{E9}"}"#,
        ]
        let words = try load(classes)
        #expect(try words.encode("\u{E9} e\u{301}", addSpecialTokens: false).ids == [6, 5])
    }
}
