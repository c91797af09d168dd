import AttentionJSON

extension Tokenizer {
    /// Reads a byte-level model as GPT-2 publishes it: a table of tokens (`vocab.json`) and a list of merges
    /// (`merges.txt`), one a line. How text is cut and which tokens are special stands in no file;
    /// `tokenizer_class` says it.
    init(
        vocabulary value: JSONValue, merges: [UInt8], mergesName: String, settings: TokenizerSettings
    ) throws(TokenizerError) {
        guard let text = String(validating: merges, as: UTF8.self) else {
            throw .unreadableFile(file: mergesName, reason: "not valid UTF-8")
        }
        var settings = settings
        let family = try ByteLevelFamily(settings.tokenizerClass, file: value.document.name)
        family.setDefaults(&settings.tokens)
        let vocabulary = try Vocabulary(reading: value)
        var list = AddedTokenList(vocabulary)
        try settings.tokens.add(to: &list)

        let addsPrefixSpace = settings.addsPrefixSpace ?? false
        let scanner: WordScanner = family == .qwen2 ? .qwen2 : .gpt2
        model = try BytePairEncoding(
            vocabulary: vocabulary, merges: Self.lines(ofMerges: text), file: mergesName, field: "merges")
        normalizer = family == .qwen2 ? NFC() : nil
        preTokenizer = ByteLevel(addsPrefixSpace: addsPrefixSpace, scanner: scanner)
        decoder = ByteLevelDecoder()
        added = try AddedTokens(
            list.tokens, normalizer: normalizer, splitsSpecial: settings.splitsSpecialTokens,
            file: value.document.name)
        func token(_ role: NamedToken) -> (token: String, id: Int)? {
            guard let content = settings.tokens.named[role]?.content, let id = list.id(of: content) else {
                return nil
            }
            return (content.string, id)
        }
        if family == .roberta {
            guard let begin = token(.classification), let separator = token(.separator) else {
                throw .missingField(file: value.document.name, field: "cls_token and sep_token")
            }
            let trimming = settings.trimsOffsets ?? true
            postProcessor = RobertaProcessing(
                begin: begin, separator: separator,
                trimming: trimming ? OffsetTrimming(addsPrefixSpace: addsPrefixSpace) : nil)
        } else {
            postProcessor = BeginEndProcessing(
                begin: settings.addsBegin ?? false ? token(.begin) : nil,
                end: settings.addsEnd ?? false ? token(.end) : nil)
        }
        truncation = nil
        padding = nil
    }

    /// The lines that are merges: not the first if it names the version, nor empty ones.
    private static func lines(ofMerges text: String) -> [Substring] {
        let lines = text.unicodeScalars.split(separator: "\n").compactMap { line in
            let line = line.last == "\r" ? line.dropLast() : line
            return line.isEmpty ? nil : Substring(line)
        }
        return lines.first?.utf8.starts(with: "#version".utf8) == true ? Array(lines.dropFirst()) : lines
    }
}

/// The families of models that are published as `vocab.json` and `merges.txt`.
private enum ByteLevelFamily {
    case gpt2, roberta, qwen2

    init(_ name: ExactString?, file: String) throws(TokenizerError) {
        guard let name else {
            self = .gpt2
            return
        }
        if TokenizerClasses.gpt2.contains(name) {
            self = .gpt2
        } else if TokenizerClasses.roberta.contains(name) {
            self = .roberta
        } else if TokenizerClasses.qwen2.contains(name) {
            self = .qwen2
        } else {
            let supported = TokenizerClasses.gpt2 + TokenizerClasses.roberta + TokenizerClasses.qwen2
            throw .unsupported(
                file: file, field: "tokenizer_class", found: name.string,
                supported: supported.map(\.string) + ["any with a tokenizer.json"])
        }
    }

    /// The tokens that the family has where no file says anything else.
    func setDefaults(_ tokens: inout TokenSettings) {
        switch self {
        case .gpt2:
            for role in [NamedToken.begin, .end, .unknown] { tokens.setDefault(role, "<|endoftext|>") }
        case .qwen2:
            for role in [NamedToken.end, .unknown, .padding] { tokens.setDefault(role, "<|endoftext|>") }
        case .roberta:
            for role in [NamedToken.begin, .classification] { tokens.setDefault(role, "<s>") }
            for role in [NamedToken.end, .separator] { tokens.setDefault(role, "</s>") }
            tokens.setDefault(.unknown, "<unk>")
            tokens.setDefault(.padding, "<pad>")
            tokens.setDefault(.mask, "<mask>")
        }
    }
}
