import AttentionTokenizers
import Foundation
import Testing

/// Broken and hostile files end in a typed error that names the file and the field.
@Suite struct HostileTokenizerTests {
    @Test func theUnbrokenFileLoads() throws {
        #expect(try TokenizerText().load().encode("Unable a").ids == [1, 3, 4, 6, 2])
    }

    @Test(arguments: ["unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"])
    func missingFieldsOfTheModel(field: String) {
        #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: "model.\(field)")) {
            try TokenizerText(without: field).load()
        }
    }

    @Test func onlyTheModelMustBeThere() throws {
        #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: "model")) {
            try TokenizerText(without: "model").load()
        }
        for section in TokenizerText().sections.keys where section != "model" {
            _ = try TokenizerText(without: section).load().encode("un able")
        }
        // Files of old versions have no type.
        #expect(try TokenizerText(without: "type").load().encode("un").ids == [1, 3, 2])
    }

    @Test(arguments: [
        (
            "normalizer", #"{"type": "BertNormalizer", "handle_chinese_chars": true, "lowercase": true}"#,
            "normalizer.clean_text"
        ),
        ("normalizer", "{}", "normalizer.type"),
        ("normalizer", #"{"type": "Sequence"}"#, "normalizer.normalizers"),
        (
            "pre_tokenizer", #"{"type": "Sequence", "pretokenizers": [{}]}"#,
            "pre_tokenizer.pretokenizers[0].type"
        ),
        ("post_processor", #"{"type": "BertProcessing", "sep": ["[SEP]", 2]}"#, "post_processor.cls"),
        ("decoder", ###"{"type": "WordPiece", "prefix": "##"}"###, "decoder.cleanup"),
        ("added_tokens", #"[{"id": 9, "content": "x", "special": true}]"#, "added_tokens[0].single_word"),
        ("truncation", #"{"strategy": "LongestFirst"}"#, "truncation.max_length"),
        ("padding", #"{"strategy": {"Fixed": 8}}"#, "padding.direction"),
    ])
    func missingFieldsOfStages(section: String, text: String, field: String) {
        #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: field)) {
            try TokenizerText([section: text]).load()
        }
    }

    @Test(
        arguments: [
            (["normalizer": "[]"], [:], "normalizer"),
            (["normalizer": #"{"type": 5}"#], [:], "normalizer.type"),
            (["added_tokens": "{}"], [:], "added_tokens"),
            (["truncation": #""on""#], [:], "truncation"),
            (["model": "[1]"], [:], "model"),
            ([:], ["vocab": "[]"], "model.vocab"),
            ([:], ["vocab": #"{"[UNK]": "0"}"#], #"model.vocab["[UNK]"]"#),
            ([:], ["unk_token": "7"], "model.unk_token"),
            ([:], ["max_input_chars_per_word": "true"], "model.max_input_chars_per_word"),
            (
                ["decoder": ###"{"type": "WordPiece", "prefix": "##", "cleanup": 1}"###], [:],
                "decoder.cleanup"
            ),
        ] as [([String: String], [String: String], String)])
    func wrongTypes(sections: [String: String], model: [String: String], field: String) {
        let error = #expect(throws: TokenizerError.self) {
            try TokenizerText(sections, model: model).load()
        }
        guard case .wrongType("tokenizer.json", field, _, _) = error else {
            Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
            return
        }
    }

    @Test(
        arguments: [
            ([:], ["vocab": #"{"[UNK]": -1}"#], #"model.vocab["[UNK]"]"#),
            ([:], ["vocab": #"{"[UNK]": 0, "b": 2147483648}"#], "model.vocab.b"),
            ([:], ["vocab": #"{"[UNK]": 0, "b": 99999999999999999999}"#], "model.vocab.b"),
            ([:], ["vocab": #"{"[UNK]": 0, "b": 1.5}"#], "model.vocab.b"),
            ([:], ["vocab": #"{"[UNK]": 0, "b": 1, "c": 1}"#], "model.vocab"),
            ([:], ["max_input_chars_per_word": "-1"], "model.max_input_chars_per_word"),
            (["added_tokens": added(id: "3", "x")], [:], "added_tokens[0].id"),
            (["added_tokens": added(id: "9", "un")], [:], "added_tokens[0].id"),
            (["added_tokens": added(id: "-9", "x")], [:], "added_tokens[0].id"),
            (["truncation": #"{"max_length": -5, "strategy": "OnlyFirst"}"#], [:], "truncation.max_length"),
            (
                ["post_processor": #"{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 1]}"#],
                [:],
                "post_processor.sep[1]"
            ),
            (
                ["post_processor": #"{"type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 1]}"#],
                [:],
                "post_processor.sep"
            ),
        ] as [([String: String], [String: String], String)])
    func invalidValues(sections: [String: String], model: [String: String], field: String) {
        let error = #expect(throws: TokenizerError.self) {
            try TokenizerText(sections, model: model).load()
        }
        guard case .invalidValue("tokenizer.json", field, _) = error else {
            Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
            return
        }
    }

    @Test(
        arguments: [
            TokenizerText(model: ["vocab": #"{"[UNK]": 0, "b": 1, "b": 2}"#]),
            TokenizerText(["version": #""1.0", "version": "1.0""#]),
            TokenizerText(["unused": #"{"a": 1, "a": 1}"#]),
        ])
    func namesThatStandTwice(text: TokenizerText) {
        let error = #expect(throws: TokenizerError.self) { try text.load() }
        guard case .invalidJSON("tokenizer.json", let offset, let reason) = error else {
            Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
            return
        }
        #expect(offset > 0 && reason.contains("a second time"))
    }

    /// They are different tokens, though Unicode considers them equal.
    @Test func tokensOfTheSameCharacters() throws {
        let vocabulary = "{\"[UNK]\": 0, \"[CLS]\": 1, \"[SEP]\": 2, \"\u{E9}\": 3, \"e\u{301}\": 4}"
        let tokenizer = try TokenizerText(["normalizer": "null"], model: ["vocab": vocabulary]).load()
        #expect(try tokenizer.encode("\u{E9} e\u{301}").ids == [1, 3, 4, 2])
    }

    private static func added(id: String, _ content: String) -> String {
        """
        [{"id": \(id), "content": "\(content)", "special": false, "single_word": false,
          "lstrip": false, "rstrip": false, "normalized": false}]
        """
    }

    @Test(arguments: [
        ("model", #"{"type": "Markov"}"#, "model.type", "Markov"),
        ("normalizer", #"{"type": "Lowercased"}"#, "normalizer.type", "Lowercased"),
        ("pre_tokenizer", #"{"type": "UnicodeScripts"}"#, "pre_tokenizer.type", "UnicodeScripts"),
        (
            "pre_tokenizer", #"{"type": "Punctuation", "behavior": "MergedWithBoth"}"#,
            "pre_tokenizer.behavior",
            "MergedWithBoth"
        ),
        ("post_processor", #"{"type": "Nobody"}"#, "post_processor.type", "Nobody"),
        ("decoder", #"{"type": "CTC"}"#, "decoder.type", "CTC"),
        ("version", #""2.0""#, "version", "2.0"),
        ("truncation", #"{"max_length": 5, "strategy": "Middle"}"#, "truncation.strategy", "Middle"),
    ])
    func whatIsNotSupportedIsNamed(section: String, text: String, field: String, found: String) {
        let error = #expect(throws: TokenizerError.self) { try TokenizerText([section: text]).load() }
        guard case .unsupported("tokenizer.json", field, found, _) = error else {
            Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
            return
        }
    }

    @Test func unknownTokens() {
        let template = #"""
            {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[BOS]", "type_id": 0}}],
             "pair": [], "special_tokens": {}}
            """#
        let undefined = template.replacingOccurrences(
            of: "{}", with: #"{"[BOS]": {"id": "[BOS]", "ids": [5], "tokens": ["[BOS]"]}}"#)
        for (text, field) in [
            (TokenizerText(model: ["unk_token": "\"<unk>\""]), "model.unk_token"),
            (TokenizerText(["post_processor": template]), "post_processor.single[0].SpecialToken.id"),
            (
                TokenizerText(["post_processor": undefined]),
                #"post_processor.special_tokens["[BOS]"].tokens[0]"#
            ),
        ] {
            let error = #expect(throws: TokenizerError.self) { try text.load() }
            guard case .unknownToken("tokenizer.json", field, _) = error else {
                Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
                continue
            }
        }
    }

    @Test func brokenJSON() {
        let whole = TokenizerText().bytes
        for count in Array(stride(from: 0, to: whole.count - 1, by: 7)) {
            let error = #expect(throws: TokenizerError.self) {
                try Tokenizer(json: Array(whole[..<count]), name: "cut.json")
            }
            guard case .invalidJSON("cut.json", let offset, _) = error, offset <= count else {
                Issue.record("\(count): \(error.map(String.init(describing:)) ?? "no error")")
                continue
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func mutatedFilesNeverTrap(seed: UInt64) {
        var random = SplitMix(state: seed)
        let whole = TokenizerText().bytes
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                default: bytes[index] = Array("{}[]\",:0-9\\u".utf8).randomElement(using: &random) ?? 0
                }
            }
            // Either it still loads, and then it works, or the error is a typed one.
            if let tokenizer = try? Tokenizer(json: bytes, name: "mutated") {
                _ = try? tokenizer.encode("Unable [CLS] é a", pair: "^", maxLength: 7)
                _ = tokenizer.decode([0, 1, 2, 3, 4, -1, .max])
            }
        }
    }
}

/// A seeded generator (Steele et al., "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
