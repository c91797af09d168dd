extension Tokenizer {
    /// Reads a `vocab.txt`: one token a line, whose number, from 0, is its id.
    init(vocabulary bytes: [UInt8], name: String, config: TokenizerConfig) throws(TokenizerError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadableFile(file: name, reason: "not valid UTF-8")
        }
        try self.init(wordPiece: Self.lines(of: text), name: name, config: config)
    }

    /// - Parameter tokens: as WordPiece writes them, in the order of their ids.
    init(
        wordPiece tokens: [some StringProtocol], name: String, config: TokenizerConfig
    ) throws(TokenizerError) {
        let vocabulary = try Vocabulary(tokens: tokens, file: name) { "line \($0 + 1)" }
        func id(_ token: String, _ field: String) throws(TokenizerError) -> Int {
            guard let id = vocabulary.id(of: token) else {
                throw .unknownToken(file: name, field: field, token: token)
            }
            return id
        }
        model = WordPiece(
            vocabulary: vocabulary, unknownID: try id(config.unknown, "unk_token"), continuingPrefix: "##",
            longestWord: 100)
        normalizer = BertNormalizer(
            cleansText: true, separatesChinese: config.separatesChinese,
            stripsAccents: config.stripsAccents, lowercases: config.lowercases)
        preTokenizer = BertPreTokenizer()
        postProcessor = BertProcessing(
            begin: (config.begin, try id(config.begin, "cls_token")),
            separator: (config.separator, try id(config.separator, "sep_token")))
        decoder = WordPieceDecoder(prefix: "##", cleansUp: true)
        let specials = [config.unknown, config.separator, config.padding, config.begin, config.mask]
        added = try AddedTokens(
            special: specials.compactMap { token in
                vocabulary.id(of: token).map { AddedToken(special: token, id: $0) }
            })
        truncation = nil
        padding = nil
    }

    /// The lines without their ends. What follows the last line's end is no line.
    private static func lines(of text: String) -> [Substring] {
        // Over scalars: as characters, "\r\n" is one and an accent joins the line's end before it.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            Substring($0.last == "\r" ? $0.dropLast() : $0)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
