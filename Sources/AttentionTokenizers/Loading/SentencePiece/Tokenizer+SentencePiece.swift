import AttentionJSON

extension Tokenizer {
    /// Reads a `tokenizer.model`.
    ///
    /// The file does not say what stands around a text. Where `tokenizer_config.json` does not say it either,
    /// it is what language models of byte pairs (Llama) and of unigrams (T5) do: those begin with the
    /// begin token, these end with the end token.
    init(sentencePiece bytes: [UInt8], name: String, settings: TokenizerSettings) throws(TokenizerError) {
        var model = try SentencePieceModel(reading: bytes, file: name)
        var settings = settings
        try model.apply(&settings, file: name)
        try self.init(sentencePiece: model, settings: settings, file: name)
    }

    /// - Parameter settings: The settings of a model's folder; nil for a GGUF file, whose added tokens are
    ///   its control, unknown and user-defined pieces.
    init(
        sentencePiece model: SentencePieceModel, settings: TokenizerSettings?, file: String
    ) throws(TokenizerError) {
        let field = { (id: Int) in "pieces[\(id)]" }
        for (id, piece) in model.pieces.enumerated()
        where piece.kind == .byte && ByteFallback.byte(of: piece.text) == nil {
            throw .invalidValue(
                file: file, field: field(id),
                reason: "is the byte '\(piece.text)', which should be like <0x0A>")
        }
        let vocabulary = try Vocabulary(tokens: model.pieces.map(\.text), file: file, field: field)
        var unknown = UnknownScalars()
        unknown.areFused = true
        unknown.unknownID = model.pieces.firstIndex { $0.kind == .unknown }
        if model.fallsBackToBytes { unknown.byteIDs = UnknownScalars.byteIDs(in: vocabulary) }
        let userDefined = try TokenTrie(of: model, file: file) { $0 == .userDefined }
        switch model.algorithm {
        case .bytePair:
            var pairs = try BytePairEncoding(
                vocabulary: vocabulary, pieces: model, unknown: unknown, file: file)
            if !model.findsUserDefinedFirst { pairs.frozen = userDefined }
            self.model = pairs
        case .unigram:
            self.model = try Unigram(vocabulary: vocabulary, pieces: model, unknown: unknown, file: file)
        }
        normalizer = SentencePieceNormalizer(
            map: try model.map(file: file), kept: userDefined, prefix: model.prefix,
            removesExtraSpaces: model.removesExtraSpaces)
        preTokenizer = nil
        var list = AddedTokenList(vocabulary)
        try settings?.tokens.add(to: &list)
        func token(_ role: NamedToken, _ id: Int?) -> (token: String, id: Int)? {
            guard let content = settings?.tokens.named[role]?.content else { return model.token(id) }
            return list.id(of: content).map { (content.string, $0) }
        }
        postProcessor = BeginEndProcessing(
            begin: model.addsBegin ?? (model.algorithm == .bytePair) ? token(.begin, model.beginID) : nil,
            end: model.addsEnd ?? (model.algorithm == .unigram) ? token(.end, model.endID) : nil)
        decoder = DecoderSequence(
            [ReplaceDecoder(pattern: "▁", content: " "), ByteFallback(), Fuse()]
                + (model.prefix == .never ? [] : [StripDecoder(content: " ", start: 1)]))
        // They are found in the text as it is written: each stretch between them has its own prefix.
        let written = list.tokens.map { token in
            var form = TokenForm(token)
            form.isNormalized = false
            return AddedToken(form, id: token.id)
        }
        added = try AddedTokens(
            settings == nil ? model.addedTokens : written,
            splitsSpecial: settings?.splitsSpecialTokens ?? false, file: file)
        truncation = nil
        padding = nil
    }
}

extension SentencePieceModel {
    fileprivate func map(file: String) throws(TokenizerError) -> CharacterMap? {
        guard !characterMap.isEmpty else { return nil }
        do throws(CharacterMap.Malformed) {
            return try CharacterMap(characterMap)
        } catch {
            throw .invalidValue(file: file, field: "precompiled_charsmap", reason: error.reason)
        }
    }

    fileprivate func token(_ id: Int?) -> (token: String, id: Int)? {
        id.map { (pieces[$0].text, $0) }
    }

    fileprivate var addedTokens: [AddedToken] {
        pieces.enumerated().compactMap { id, piece in
            switch piece.kind {
            case .control, .unknown: AddedToken(special: piece.text, id: id)
            case .userDefined where findsUserDefinedFirst:
                AddedToken(special: piece.text, id: id, isSpecial: false)
            default: nil
            }
        }
    }
}

extension SentencePieceModel {
    /// Changes what the settings of a model's folder say of pieces and text, and gives roles the tokens that
    /// they have where no file names one.
    ///
    /// - Throws: ``TokenizerError/unsupported(file:field:found:supported:)`` for a class that numbers the
    ///   pieces otherwise.
    fileprivate mutating func apply(
        _ settings: inout TokenizerSettings, file: String
    ) throws(TokenizerError) {
        let name = settings.tokenizerClass
        if let name, TokenizerClasses.renumbering.contains(name) {
            throw .unsupported(
                file: file, field: "tokenizer_class", found: name.string,
                supported: (TokenizerClasses.llama + TokenizerClasses.gemma).map(\.string)
                    + ["any with a tokenizer.json"])
        }
        addsBegin = settings.addsBegin
        let control = pieces.filter { $0.kind == .control }.map { TokenForm(ExactString($0.text)) }
        settings.tokens.setDefaultExtra(control)
        // A file that says whether the begin token is added, and nothing about the end token, adds none.
        addsEnd = settings.addsEnd ?? (settings.addsBegin == nil ? nil : false)
        if let name, TokenizerClasses.llama.contains(name) {
            characterMap = []
            removesExtraSpaces = false
            let isLegacy = settings.prefixesStretches ?? false
            prefix = settings.addsPrefixSpace == false ? .never : isLegacy ? .unlessSpace : .atStart
            settings.tokens.setDefault(.begin, "<s>")
            settings.tokens.setDefault(.end, "</s>")
            settings.tokens.setDefault(.unknown, "<unk>")
        } else if let name, TokenizerClasses.gemma.contains(name) {
            characterMap = []
            removesExtraSpaces = false
            prefix = .never
            settings.tokens.setDefault(.begin, "<bos>")
            settings.tokens.setDefault(.end, "<eos>")
            settings.tokens.setDefault(.unknown, "<unk>")
            settings.tokens.setDefault(.padding, "<pad>")
            settings.tokens.setDefault(.mask, "<mask>")
        } else {
            if prefix == .always, settings.prefixesStretches == false { prefix = .atStart }
            rename(settings.tokens)
            let unknownID = pieces.firstIndex { $0.kind == .unknown }
            settings.tokens.setDefault(.begin, beginID.map { ExactString(pieces[$0].text) })
            settings.tokens.setDefault(.end, endID.map { ExactString(pieces[$0].text) })
            settings.tokens.setDefault(.unknown, unknownID.map { ExactString(pieces[$0].text) })
        }
    }

    /// Gives pieces the texts that added tokens of the same ids have, as models do that train with unused
    /// pieces; a text that another piece has stays with that piece.
    private mutating func rename(_ tokens: TokenSettings) {
        let ids = Set(tokens.numbered.map(\.id))
        guard ids.contains(where: { pieces.indices.contains($0) }) else { return }
        let kept = Set(pieces.enumerated().compactMap { ids.contains($0) ? nil : ExactString($1.text) })
        for token in tokens.numbered
        where pieces.indices.contains(token.id) && !kept.contains(token.form.content) {
            pieces[token.id].text = token.form.content.string
        }
    }
}

extension TokenTrie {
    /// The pieces of some kinds, with their ids.
    init?(
        of model: SentencePieceModel, file: String, where isMember: (SentencePieceModel.Kind) -> Bool
    ) throws(TokenizerError) {
        self.init()
        var isEmpty = true
        for (id, piece) in model.pieces.enumerated() where isMember(piece.kind) && !piece.text.isEmpty {
            // The vocabulary, which has all of them, has been checked.
            _ = insert(piece.text, value: Int32(id))
            isEmpty = false
        }
        if isEmpty { return nil }
    }
}

/// A begin token, an end token, both or neither around every text.
struct BeginEndProcessing: PostProcessor {
    static let type = "BeginEnd"

    let templates: (single: Template, pair: Template)?

    init(begin: (token: String, id: Int)?, end: (token: String, id: Int)?) {
        func parts(_ sequence: Int) -> [Template.Part] {
            let special = { (token: (token: String, id: Int)) in
                Template.Part.special(id: token.id, token: token.token, typeID: sequence)
            }
            return [begin.map(special), .sequence(sequence, typeID: sequence), end.map(special)].compactMap(
                \.self)
        }
        templates = (Template(parts: parts(0)), Template(parts: parts(0) + parts(1)))
    }

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        throw value.unsupported(Self.type, supported: [TemplateProcessing.type])
    }
}
