import AttentionJSON

extension Tokenizer {
    /// Reads a `vocab.txt`: one token a line, whose number, from 0, is its id.
    init(vocabulary bytes: [UInt8], name: String, settings: TokenizerSettings) throws(TokenizerError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadableFile(file: name, reason: "not valid UTF-8")
        }
        var settings = settings
        let lines = Self.lines(of: text)
        let stated = settings.tokens.named
        try settings.setWordPieceDefaults(file: name)
        // MPNet was made with BERT's vocabulary and tokens of its own. Where they are not in the vocabulary,
        // they come behind it, as in the reference.
        let required: [NamedToken] =
            settings.isMPNet ? [.unknown] : [.unknown, .classification, .separator]
        for role in required where stated[role] == nil {
            guard let token = settings.tokens.named[role]?.content else { continue }
            // No model has a row for a token that its vocabulary lacks and that no file names.
            guard lines.contains(where: { ExactString($0) == token }) else {
                throw .unknownToken(file: name, field: role.key, token: token.string)
            }
        }
        try self.init(wordPiece: lines, name: name, settings: settings)
    }

    /// - Parameters:
    ///   - tokens: The tokens as WordPiece writes them, in the order of their ids.
    ///   - settings: Settings that give the unknown, classification and separator token.
    init(
        wordPiece tokens: [some StringProtocol], name: String, settings: TokenizerSettings,
        added: [TokenForm] = []
    ) throws(TokenizerError) {
        let vocabulary = try Vocabulary(tokens: tokens, file: name) { "line \($0 + 1)" }
        var list = AddedTokenList(vocabulary)
        try settings.tokens.add(to: &list)
        for form in added where !list.contains(form.content) { list.add(form) }
        let known = list
        func token(_ role: NamedToken, isIn ids: (ExactString) -> Int?) throws(TokenizerError) -> (
            token: String, id: Int
        ) {
            guard let content = settings.tokens.named[role]?.content else {
                throw .missingField(file: name, field: role.key)
            }
            guard let id = ids(content) else {
                throw .unknownToken(file: name, field: role.key, token: content.string)
            }
            return (content.string, id)
        }
        model = WordPiece(
            vocabulary: vocabulary,
            unknownID: try token(.unknown) { vocabulary.id(of: $0.string) }.id, continuingPrefix: "##",
            longestWord: 100)
        let normalizer = BertNormalizer(
            cleansText: true, separatesChinese: settings.separatesChinese ?? true,
            stripsAccents: settings.stripsAccents, lowercases: settings.lowercases ?? true)
        self.normalizer = normalizer
        preTokenizer = BertPreTokenizer()
        let begin = try token(.classification) { known.id(of: $0) }
        let separator = try token(.separator) { known.id(of: $0) }
        postProcessor =
            settings.isMPNet
            ? RobertaProcessing(begin: begin, separator: separator, trimming: nil)
            : BertProcessing(begin: begin, separator: separator)
        decoder = WordPieceDecoder(prefix: "##", cleansUp: true)
        self.added = try AddedTokens(
            list.tokens, normalizer: normalizer, splitsSpecial: settings.splitsSpecialTokens, file: name)
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

extension TokenizerSettings {
    fileprivate var isMPNet: Bool { tokenizerClass.map(TokenizerClasses.mpnet.contains) ?? false }

    /// The tokens that BERT and MPNet have where no file says anything else.
    fileprivate mutating func setWordPieceDefaults(file: String) throws(TokenizerError) {
        let name = tokenizerClass ?? "BertTokenizer"
        guard isMPNet || TokenizerClasses.bert.contains(name) else {
            throw .unsupported(
                file: file, field: "tokenizer_class", found: name.string,
                supported: (TokenizerClasses.bert + TokenizerClasses.mpnet).map(\.string)
                    + ["any with a tokenizer.json"])
        }
        if isMPNet {
            tokens.setDefault(.begin, "<s>")
            tokens.setDefault(.end, "</s>")
        }
        tokens.setDefault(.unknown, "[UNK]")
        tokens.setDefault(.separator, isMPNet ? "</s>" : "[SEP]")
        tokens.setDefault(.padding, isMPNet ? "<pad>" : "[PAD]")
        tokens.setDefault(.classification, isMPNet ? "<s>" : "[CLS]")
        tokens.setDefault(.mask, isMPNet ? "<mask>" : "[MASK]")
    }
}
