import AttentionTokenizers

extension Reader {
    /// A `tokenizer.json`, and the tokenizer that it describes at work.
    static let tokenizer = Reader(name: "tokenizer", errors: [TokenizerError.self]) { bytes in
        try use(Tokenizer(json: bytes, name: "input"))
    }
}

/// Uses a tokenizer that loaded: it has to encode any text and decode any ids.
func use(_ tokenizer: Tokenizer) throws {
    let encoding = try tokenizer.encode("Hello <mask> wörld 中 12\n's  \u{1F600}", pair: "a", maxLength: 9)
    _ = tokenizer.decode(encoding.ids)
    var stream = tokenizer.streamDecoder()
    for id in encoding.ids + [0, 300, -1, .max] { _ = stream.append(id) }
    _ = stream.finish()
}
