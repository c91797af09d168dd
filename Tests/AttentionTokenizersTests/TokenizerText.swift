import AttentionTokenizers

/// A tokenizer of a few words, whose sections a test can replace.
struct TokenizerText {
    var sections = [
        "version": "\"1.0\"",
        "truncation": "null",
        "padding": "null",
        "added_tokens": "[]",
        "normalizer": #"""
        {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": true}
        """#,
        "pre_tokenizer": #"{"type": "BertPreTokenizer"}"#,
        "post_processor": #"{"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}"#,
        "decoder": ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###,
    ]
    var model = [
        "type": "\"WordPiece\"",
        "unk_token": "\"[UNK]\"",
        "continuing_subword_prefix": "\"##\"",
        "max_input_chars_per_word": "100",
        "vocab":
            ###"{"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##able": 4, "##a": 5, "a": 6, "^": 7, "_": 8}"###,
    ]

    /// - Parameter absent: a section, or a field of the model, that is left out.
    init(
        _ changes: [String: String] = [:], model modelChanges: [String: String] = [:],
        without absent: String? = nil
    ) {
        model.merge(modelChanges) { $1 }
        if let absent { model[absent] = nil }
        sections["model"] = Self.object(model)
        sections.merge(changes) { $1 }
        if let absent { sections[absent] = nil }
    }

    static func object(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
            + "}"
    }

    var bytes: [UInt8] { Array(Self.object(sections).utf8) }

    func load() throws(TokenizerError) -> Tokenizer {
        try Tokenizer(json: bytes, name: "tokenizer.json")
    }
}
