import AttentionGrammars

extension Reader {
    /// A grammar, and texts matched against it.
    static let grammar = Reader(name: "grammar", errors: [GrammarError.self, GrammarMatchError.self]) {
        bytes in
        try follow(try Grammar(String(decoding: bytes, as: UTF8.self)))
    }

    /// A JSON Schema, and texts matched against it.
    static let schema = Reader(name: "schema", errors: [JSONSchemaError.self, GrammarMatchError.self]) {
        bytes in
        try follow(try Grammar(jsonSchema: String(decoding: bytes, as: UTF8.self)))
    }

    private static let tokens = TokenVocabulary(
        [
            "a", "b", "ab", "aab", "\"", "\"a\":", "{", "}", "[", "]", ",", ":", "1", "12", "-", ".", "true",
            " ", "\n",
            "\n  ", "é", "\\u00", "\"}", "\"]", "abc\",", "null", "0.5", "x", "é\"",
        ].map { Array($0.utf8) } + [[0xC3], [0xA9], [0xF0, 0x9F], nil, []])

    /// Whatever is allowed can be accepted, what is not cannot, and a text that is not complete can go on.
    private static func follow(_ grammar: Grammar) throws {
        var matcher = try TokenMatcher(grammar, tokens)
        for step in 0..<12 {
            let allowed = try matcher.allowedTokens()
            var next: TokenMatcher?
            for token in 0..<tokens.count {
                var copy = matcher
                let isAllowed = allowed[token / 64] & (1 << UInt64(token % 64)) != 0
                do throws(GrammarMatchError) {
                    try copy.accept(token)
                    precondition(isAllowed, "token \(token) fits and is not allowed")
                    if next == nil || token % 12 == step { next = copy }
                } catch {
                    guard case .tokenNotAllowed = error else { throw error }
                    precondition(!isAllowed, "token \(token) is allowed and does not fit")
                }
            }
            guard let next else { return }
            matcher = next
        }
    }
}
