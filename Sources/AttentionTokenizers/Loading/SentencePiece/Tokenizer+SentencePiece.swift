import AttentionJSON

extension Tokenizer {
    /// Reads a `tokenizer.model`.
    ///
    /// The file does not say what stands around a text. Where `tokenizer_config.json` does not say it either,
    /// it is what language models of byte pairs (Llama) and of unigrams (T5) do: those begin with the
    /// begin token, these end with the end token.
    init(sentencePiece bytes: [UInt8], name: String, config: TokenizerConfig) throws(TokenizerError) {
        var model = try SentencePieceModel(reading: bytes, file: name)
        model.addsBegin = config.addsBegin
        model.addsEnd = config.addsEnd
        try self.init(sentencePiece: model, file: name)
    }

    init(sentencePiece model: SentencePieceModel, file: String) throws(TokenizerError) {
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
            map: try model.map(file: file), kept: userDefined, addsPrefix: model.addsPrefix,
            removesExtraSpaces: model.removesExtraSpaces)
        preTokenizer = nil
        postProcessor = BeginEndProcessing(
            begin: model.addsBegin ?? (model.algorithm == .bytePair) ? model.token(model.beginID) : nil,
            end: model.addsEnd ?? (model.algorithm == .unigram) ? model.token(model.endID) : nil)
        decoder = DecoderSequence(
            [ReplaceDecoder(pattern: "▁", content: " "), ByteFallback(), Fuse()]
                + (model.addsPrefix ? [StripDecoder(content: " ", start: 1)] : []))
        added = try AddedTokens(special: model.addedTokens)
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
