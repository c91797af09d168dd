import AttentionJSON

extension Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - json: the file's bytes.
    ///   - name: the file's name in errors, such as its path.
    /// - Throws: ``TokenizerError``, which names the field. An unknown kind of stage is an error.
    public init(json: [UInt8], name: String) throws(TokenizerError) {
        try self.init(json: JSONValue(parsing: json, name: name), settings: TokenizerSettings())
    }

    init(json root: JSONValue, settings: TokenizerSettings) throws(TokenizerError) {
        if let version = try root.optional("version"), ExactString(try version.string()) != "1.0" {
            throw version.unsupported(try version.string(), supported: ["1.0"])
        }
        let model = try TokenModels.read(try root.required("model"))
        var normalizer = try Self.read(root, "normalizer") { value throws(TokenizerError) in
            try Normalizers.read(value)
        }
        var preTokenizer = try Self.read(root, "pre_tokenizer") { value throws(TokenizerError) in
            try PreTokenizers.read(value)
        }
        settings.override(&normalizer, &preTokenizer)
        let padding = try Self.read(root, "padding") { value throws(TokenizerError) in
            try Padding(reading: value)
        }
        var list = AddedTokenList(model.vocabulary)
        try list.add(reading: try root.optional("added_tokens"))
        var tokens = settings.tokens
        if settings.tokenizerClass != nil {
            tokens.setDefault(.padding, padding.map { ExactString($0.token) })
        }
        try tokens.add(to: &list)

        self.model = model
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.padding = padding
        added = try AddedTokens(
            list.tokens, normalizer: normalizer, splitsSpecial: settings.splitsSpecialTokens,
            file: root.document.name)
        let known = list
        postProcessor = try Self.read(root, "post_processor") { value throws(TokenizerError) in
            try PostProcessors.read(value) { known.id(of: ExactString($0)) }
        }
        decoder = try Self.read(root, "decoder") { value throws(TokenizerError) in
            try TokenDecoders.read(value)
        }
        truncation = try Self.read(root, "truncation") { value throws(TokenizerError) in
            try Truncation(reading: value)
        }
    }

    /// Reads a section that may be absent.
    private static func read<Section>(
        _ root: JSONValue, _ name: String, _ body: (JSONValue) throws(TokenizerError) -> Section
    ) throws(TokenizerError) -> Section? {
        guard let value = try root.optional(name) else { return nil }
        return try body(value)
    }
}

extension TokenizerSettings {
    /// Changes the stages of a `tokenizer.json` that the reference library's classes make anew from
    /// `tokenizer_config.json`: BERT's normalisation, and the space that GPT-2 and RoBERTa put before texts.
    fileprivate func override(
        _ normalizer: inout (any TextNormalizer)?, _ preTokenizer: inout (any PreTokenizer)?
    ) {
        guard let tokenizerClass else { return }
        let isWordPiece = (TokenizerClasses.bert + TokenizerClasses.mpnet).contains(tokenizerClass)
        if isWordPiece, let bert = normalizer as? BertNormalizer {
            normalizer = bert.changed(
                lowercases: lowercases, stripsAccents: stripsAccents, separatesChinese: separatesChinese)
        }
        let isBytePairs = (TokenizerClasses.gpt2 + TokenizerClasses.roberta).contains(tokenizerClass)
        if isBytePairs, let addsPrefixSpace, let bytes = preTokenizer as? ByteLevel {
            preTokenizer = bytes.changed(addsPrefixSpace: addsPrefixSpace)
        }
    }
}
