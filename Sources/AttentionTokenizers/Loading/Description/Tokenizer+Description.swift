import AttentionJSON

extension Tokenizer {
    /// Makes a tokenizer of plain values.
    ///
    /// - Parameters:
    ///   - description: the values.
    ///   - name: Their name in errors, such as the path of their file.
    /// - Throws: ``TokenizerError``, which names the value. What is not implemented is refused by name.
    public init(_ description: TokenizerDescription, name: String) throws(TokenizerError) {
        guard !description.tokens.isEmpty else {
            throw .invalidValue(file: name, field: "tokens", reason: "is empty")
        }
        switch ExactString(description.model) {
        case "gpt2": try self.init(bytePairs: description, cut: description.preTokenizer, name: name)
        case "gemma4": try self.init(bytePairs: description, cut: "gemma4", name: name)
        case "llama":
            try self.init(
                sentencePiece: .init(description, .bytePair, file: name), settings: nil, file: name)
        case "t5":
            try self.init(
                sentencePiece: .init(description, .unigram, file: name), settings: nil, file: name)
        case "bert": try self.init(wordPiece: description, name: name)
        case let model:
            throw .unsupported(
                file: name, field: "model", found: model.string,
                supported: ["gpt2", "gemma4", "llama", "t5", "bert"])
        }
    }

    // MARK: Byte pairs

    private init(
        bytePairs description: TokenizerDescription, cut: String?, name: String
    ) throws(TokenizerError) {
        let pre = try NamedPreTokenizer(cut ?? "default", file: name)
        guard let merges = description.merges else { throw .missingField(file: name, field: "merges") }
        let vocabulary = try Vocabulary(tokens: description.tokens, file: name) { "tokens[\($0)]" }
        var pairs = try BytePairEncoding(vocabulary: vocabulary, merges: merges, file: name, field: "merges")
        pairs.wholeWords = pre.named.wholeWords
        if pre.named.writesBytes {
            normalizer = nil
            decoder = ByteLevelDecoder()
        } else {
            pairs.unknown.byteIDs = UnknownScalars.byteIDs(in: vocabulary)
            normalizer = Replace(" ", by: "▁")
            decoder = DecoderSequence([
                ReplaceDecoder(pattern: "▁", content: " "), ByteFallback(), Fuse(),
            ])
        }
        model = pairs
        preTokenizer = pre
        let begin = try description.token(description.beginID, "bos_token_id", file: name)
        let end = try description.token(description.endID, "eos_token_id", file: name)
        postProcessor = BeginEndProcessing(
            begin: pre.named.needsBegin || description.addsBegin ?? pre.named.addsBegin ? begin : nil,
            end: description.addsEnd ?? false ? end : nil)
        let kinds = try description.checkedKinds(file: name)
        let special = [begin?.id, end?.id].compactMap(\.self)
        added = try AddedTokens(
            kinds.indices.compactMap { id in
                let isSpecial = kinds[id] == .control || kinds[id] == .unknown || special.contains(id)
                guard isSpecial || kinds[id] == .userDefined else { return nil }
                return AddedToken(special: description.tokens[id], id: id, isSpecial: isSpecial)
            }, file: name)
        truncation = nil
        padding = nil
    }

    // MARK: WordPiece

    private init(wordPiece description: TokenizerDescription, name: String) throws(TokenizerError) {
        // These files mark what begins a word, and not, as WordPiece does, what continues one.
        let tokens = description.tokens.map { token in
            if token.utf8.first == UInt8(ascii: "["), token.utf8.last == UInt8(ascii: "]") { return token }
            return token.unicodeScalars.first == "▁"
                ? String(token.unicodeScalars.dropFirst()) : "##" + token
        }
        var settings = TokenizerSettings()
        let published = Set(tokens.lazy.filter { $0.utf8.count <= 6 }.map { ExactString($0) })
        func set(
            _ role: NamedToken, _ id: Int?, _ field: String, default content: ExactString
        ) throws(TokenizerError) {
            if try description.token(id, field, file: name) != nil, let id {
                settings.tokens.set(role, ExactString(tokens[id]))
            } else if role.isRequired || published.contains(content) {
                settings.tokens.set(role, content)
            }
        }
        let classID = description.classID ?? description.beginID
        try set(.unknown, description.unknownID, "unknown_token_id", default: "[UNK]")
        try set(.classification, classID, "cls_token_id", default: "[CLS]")
        try set(.separator, description.separatorID, "seperator_token_id", default: "[SEP]")
        try set(.padding, description.paddingID, "padding_token_id", default: "[PAD]")
        try set(.mask, description.maskID, "mask_token_id", default: "[MASK]")
        let kinds = try description.checkedKinds(file: name)
        let added = kinds.indices.lazy.filter { kinds[$0] == .control || kinds[$0] == .userDefined }.map {
            TokenForm(ExactString(tokens[$0]), isSpecial: kinds[$0] == .control)
        }
        try self.init(wordPiece: tokens, name: name, settings: settings, added: Array(added))
    }
}

extension NamedToken {
    /// Whether WordPiece cannot do without it.
    fileprivate var isRequired: Bool { self == .unknown || self == .classification || self == .separator }
}

extension SentencePieceModel {
    fileprivate init(
        _ description: TokenizerDescription, _ algorithm: Algorithm, file: String
    ) throws(TokenizerError) {
        guard let scores = description.scores else { throw .missingField(file: file, field: "scores") }
        try description.check(count: scores.count, "scores", file: file)
        let kinds = try description.checkedKinds(file: file)
        for (id, score) in scores.enumerated() {
            guard score.isFinite else {
                throw .invalidValue(file: file, field: "scores[\(id)]", reason: "is \(score)")
            }
            pieces.append(Piece(text: description.tokens[id], score: score, kind: kinds[id]))
        }
        if let id = try description.token(description.unknownID, "unknown_token_id", file: file)?.id,
            !pieces.contains(where: { $0.kind == .unknown })
        {
            pieces[id].kind = .unknown
        }
        self.algorithm = algorithm
        characterMap = description.characterMap ?? []
        prefix = description.addsSpacePrefix ?? true ? .always : .never
        removesExtraSpaces = description.removesExtraWhitespaces ?? false
        fallsBackToBytes = kinds.contains(.byte)
        beginID = try description.token(description.beginID, "bos_token_id", file: file)?.id
        endID = try description.token(description.endID, "eos_token_id", file: file)?.id
        addsBegin = description.addsBegin
        addsEnd = description.addsEnd
        findsUserDefinedFirst = true
    }
}
