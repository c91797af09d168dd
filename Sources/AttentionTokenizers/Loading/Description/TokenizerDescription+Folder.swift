import AttentionJSON
import Foundation

extension TokenizerDescription {
    /// The tokenizer of a model folder in the plain values of GGUF files: from `tokenizer.model` where there
    /// is one, and otherwise from a `tokenizer.json` that holds byte pairs.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - count: How many tokens the model has; ids that the files leave free become unused tokens.
    /// - Throws: ``TokenizerError``. What these values cannot say is refused by name.
    public init(folder: URL, count: Int) throws(TokenizerError) {
        let tokenizer = try Tokenizer(contentsOf: folder)
        let json = try Tokenizer.json("tokenizer.json", in: folder)
        let pieces = folder.appendingPathComponent("tokenizer.model")
        if let model = try Tokenizer.bytesIfPresent(of: pieces) {
            try self.init(SentencePieceModel(reading: model, file: pieces.path))
        } else if let json {
            try self.init(bytePairs: json)
        } else {
            throw .noTokenizerFile(folder: folder.path)
        }
        try add(tokenizer.addedTokens, count: count, file: folder.path)
        try setSpecialTokens(TokenizerSettings(folder: folder, file: json).tokens)
        // An encoded text shows which tokens go around texts.
        let ids = try tokenizer.encode("a").ids
        addsBegin = beginID != nil && ids.first == beginID
        addsEnd = endID != nil && ids.last == endID
        if ExactString(model) != "gpt2" {
            let first = try tokenizer.encode("a", addSpecialTokens: false).tokens.first
            addsSpacePrefix = first.map { $0.unicodeScalars.first == "▁" } ?? true
        }
    }

    /// SentencePiece's own file.
    private init(_ pieces: SentencePieceModel) {
        self.init(
            model: pieces.algorithm == .bytePair ? "llama" : "t5", tokens: pieces.pieces.map(\.text))
        scores = pieces.pieces.map(\.score)
        kinds = pieces.pieces.map(\.kind.rawValue)
        (beginID, endID) = (pieces.beginID, pieces.endID)
        unknownID = pieces.pieces.firstIndex { $0.kind == .unknown }
        if !pieces.characterMap.isEmpty { characterMap = pieces.characterMap }
        if pieces.algorithm == .unigram { removesExtraWhitespaces = pieces.removesExtraSpaces }
    }

    /// A `tokenizer.json` whose model is one of byte pairs.
    private init(bytePairs root: JSONValue) throws(TokenizerError) {
        let json = try root.required("model")
        // Older files have merges and no type.
        if let type = try json.optional("type"), ExactString(try type.string()) != "BPE" {
            throw type.unsupported(try type.string(), supported: ["BPE"])
        }
        var tokens: [String] = []
        for (token, id) in try json.required("vocab").object() {
            let id = try id.count()
            guard id < 1 << 24 else { throw json.invalid("has the token id \(id)") }
            while tokens.count <= id { tokens.append("") }
            tokens[id] = token.string
        }
        let merges = try json.required("merges").array().map { merge throws(TokenizerError) in
            try merge.isArray
                ? merge.array().map { part throws(TokenizerError) in try part.string() }.joined(
                    separator: " ")
                : merge.string()
        }
        let fallsBack = try json.optional("byte_fallback")?.bool() ?? false
        self.init(model: fallsBack ? "llama" : "gpt2", tokens: tokens)
        kinds = tokens.map { token in
            let kind: Kind =
                token.isEmpty ? .unused : fallsBack && ByteFallback.byte(of: token) != nil ? .byte : .normal
            return kind.rawValue
        }
        if fallsBack {
            scores = Self.scores(tokens: tokens, merges: merges)
            if let unknown = try json.optional("unk_token")?.string() {
                setUnknown(tokens.firstIndex { ExactString($0) == ExactString(unknown) })
            }
        } else {
            preTokenizer = try Self.preTokenizer(root)
            self.merges = merges
        }
    }

    private mutating func setUnknown(_ id: Int?) {
        unknownID = id
        if let id { kinds?[id] = Kind.unknown.rawValue }
    }

    /// Scores whose order is that of the merges: the best pair is the one that was learnt first.
    private static func scores(tokens: [String], merges: [String]) -> [Float] {
        var ranks: [ExactString: Int] = [:]
        for (rank, merge) in merges.enumerated() {
            let halves = merge.unicodeScalars.split(separator: " ", maxSplits: 1)
            let merged = ExactString(halves.map { String($0) }.joined())
            if ranks[merged] == nil { ranks[merged] = rank }
        }
        return tokens.map { -Float(ranks[ExactString($0)] ?? merges.count) }
    }

    /// llama.cpp's name of how text is cut.
    private static func preTokenizer(_ root: JSONValue) throws(TokenizerError) -> String {
        guard let pre = try root.optional("pre_tokenizer") else {
            throw .missingField(file: root.document.name, field: "pre_tokenizer")
        }
        let isSequence = ExactString(try pre.required("type").string()) == "Sequence"
        let parts = isSequence ? try pre.required("pretokenizers").array() : [pre]
        var patterns: [String] = []
        for part in parts {
            switch ExactString(try part.required("type").string()) {
            case "Split":
                let pattern = try part.required("pattern")
                guard let source = try pattern.optional("Regex") else {
                    throw pattern.unsupported("String", supported: ["Regex"])
                }
                patterns.append(try source.string())
            case "Digits" where try part.optional("individual_digits")?.bool() ?? false:
                patterns.append(NamedPatterns.number)
            case "ByteLevel":
                if try part.optional("use_regex")?.bool() ?? true { patterns.append(NamedPatterns.gpt2) }
            case let type:
                throw part.unsupported(type.string, supported: ["Split", "Digits", "ByteLevel"])
            }
        }
        let takesWholeWords = try root.required("model").optional("ignore_merges")?.bool() ?? false
        let exact = patterns.map { ExactString($0) }
        let named = NamedPatterns.all.filter {
            $0.patterns.map { ExactString($0) } == exact && $0.writesBytes
        }
        guard
            let name = (named.first { ($0.wholeWords == .all) == takesWholeWords } ?? named.first)?.names
                .first
        else {
            throw pre.unsupported(
                patterns.joined(separator: ", "), supported: NamedPatterns.all.map { $0.names[0] })
        }
        return name
    }

    /// Tokens that are found before anything else, and as many unused ones as the model has rows.
    private mutating func add(_ added: [AddedToken], count: Int, file: String) throws(TokenizerError) {
        func grow(to count: Int) {
            while tokens.count < count {
                tokens.append("[PAD\(tokens.count)]")
                kinds?.append(Kind.unused.rawValue)
                scores?.append(-1e4)
            }
        }
        for token in added.sorted(by: { $0.id < $1.id }) {
            let id = token.id
            guard id < count else {
                throw .invalidValue(
                    file: file, field: "the id of '\(token.content)'",
                    reason: "is \(id) in a model of \(count) tokens")
            }
            grow(to: id + 1)
            tokens[id] = token.content
            guard kinds?[id] != Kind.unknown.rawValue, kinds?[id] != Kind.byte.rawValue else { continue }
            kinds?[id] = (token.isSpecial ? Kind.control : .userDefined).rawValue
        }
        for id in tokens.indices where tokens[id].isEmpty { tokens[id] = "[PAD\(id)]" }
        grow(to: count)
    }

    private mutating func setSpecialTokens(_ settings: TokenSettings) {
        let roles: [(NamedToken, WritableKeyPath<TokenizerDescription, Int?>)] = [
            (.begin, \.beginID), (.end, \.endID), (.unknown, \.unknownID), (.padding, \.paddingID),
            (.separator, \.separatorID), (.mask, \.maskID),
        ]
        for (role, id) in roles {
            guard let token = settings.named[role]?.content else { continue }
            if let found = tokens.firstIndex(where: { ExactString($0) == token }) {
                self[keyPath: id] = found
            }
        }
    }
}
