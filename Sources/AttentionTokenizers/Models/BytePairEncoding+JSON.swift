import AttentionJSON

extension BytePairEncoding {
    package init(reading value: JSONValue) throws(TokenizerError) {
        if let dropout = try value.optional("dropout"), dropout.doubleValue != 0 {
            throw dropout.unsupported("\(dropout)", supported: ["null"])
        }
        let vocabulary = try Vocabulary(reading: try value.required("vocab"))
        let prefix = try value.optional("continuing_subword_prefix")?.string() ?? ""
        var unknown = UnknownScalars()
        unknown.areFused = try value.optional("fuse_unk")?.bool() ?? false
        if let field = try value.optional("unk_token") {
            unknown.unknownID = vocabulary.id(of: try field.string())
        }
        if try value.optional("byte_fallback")?.bool() ?? false {
            unknown.byteIDs = UnknownScalars.byteIDs(in: vocabulary)
        }
        let rules = try value.required("merges").array()
        var merges = MergeTable(capacity: rules.count)
        var builder = MergeBuilder(vocabulary: vocabulary, prefix: Array(prefix.utf8))
        for (rank, rule) in rules.enumerated() {
            let (left, right) = try Self.pair(rule)
            switch builder.merge(left, right) {
            case .success(let merge):
                merges.insert(merge.left, merge.right, .init(rank: UInt32(rank), id: merge.id))
            case .failure(let missing): throw rule.unknownToken(missing.token)
            }
        }
        self.init(vocabulary: vocabulary, merges: merges, unknown: unknown)
        if try value.optional("ignore_merges")?.bool() ?? false { wholeWords = .all }
        cutsBeforeSpaces = builder.cutsBeforeSpaces && prefix.isEmpty && wholeWords == .none
        if !prefix.isEmpty {
            continuation = vocabulary.trie.node(of: prefix) ?? TokenTrie.nowhere
        }
        if let suffix = try value.optional("end_of_word_suffix") {
            endSuffix = Array(try suffix.string().utf8)
            if !endSuffix.isEmpty { cutsBeforeSpaces = false }
        }
    }

    /// A byte-level model, whose merges are written as `"a b"`.
    ///
    /// - Parameter field: The name of the list of merges in errors.
    init(
        vocabulary: Vocabulary, merges lines: [some StringProtocol], file: String, field: String
    ) throws(TokenizerError) {
        var merges = MergeTable(capacity: lines.count)
        var builder = MergeBuilder(vocabulary: vocabulary)
        for (rank, line) in lines.enumerated() {
            guard let (left, right) = MergeBuilder.halves(of: String(line)) else {
                throw .invalidValue(
                    file: file, field: "\(field)[\(rank)]",
                    reason: "must hold two tokens with one space between them")
            }
            switch builder.merge(left, right) {
            case .success(let merge):
                merges.insert(merge.left, merge.right, .init(rank: UInt32(rank), id: merge.id))
            case .failure(let missing):
                throw .unknownToken(file: file, field: "\(field)[\(rank)]", token: missing.token)
            }
        }
        self.init(vocabulary: vocabulary, merges: merges, unknown: UnknownScalars())
        cutsBeforeSpaces = builder.cutsBeforeSpaces
    }

    /// The two halves of a merge, which is written as `"a b"` or as `["a", "b"]`.
    private static func pair(_ rule: JSONValue) throws(TokenizerError) -> (Substring, Substring) {
        if rule.isArray {
            let halves = try rule.array()
            guard halves.count == 2 else { throw rule.invalid("must hold two tokens") }
            return (try halves[0].string()[...], try halves[1].string()[...])
        }
        guard let pair = MergeBuilder.halves(of: try rule.string()) else {
            throw rule.invalid("must hold two tokens with one space between them")
        }
        return pair
    }
}

/// Looks the tokens of written merges up.
struct MergeBuilder {
    struct Merge {
        let left, right, id: Int32
    }

    struct Missing: Error {
        let token: String
    }

    private let vocabulary: Vocabulary
    private let prefix: [UInt8]
    /// Whether no merged token so far has `▁` behind anything else.
    private(set) var cutsBeforeSpaces: Bool

    /// - Parameter prefix: what tokens begin with that continue a word; it is lost in merging.
    init(vocabulary: Vocabulary, prefix: [UInt8] = []) {
        self.vocabulary = vocabulary
        self.prefix = prefix
        cutsBeforeSpaces = vocabulary.id(of: "▁") != nil
    }

    /// The two sides of the only space in a line, as scalars; nil where there is not exactly one.
    static func halves(of line: String) -> (Substring, Substring)? {
        guard let space = line.utf8.firstIndex(of: 0x20) else { return nil }
        let after = line.utf8.index(after: space)
        guard !line.utf8[after...].contains(0x20) else { return nil }
        return (line[..<space], line[after...])
    }

    mutating func merge(_ left: Substring, _ right: Substring) -> Result<Merge, Missing> {
        let trie = vocabulary.trie
        guard let leftNode = trie.node(of: left.utf8), trie.value(at: leftNode) >= 0 else {
            return .failure(Missing(token: String(left)))
        }
        guard let rightID = trie.value(of: right) else { return .failure(Missing(token: String(right))) }
        let rest = right.utf8.starts(with: prefix) ? right.utf8.dropFirst(prefix.count) : right.utf8[...]
        guard let node = trie.node(of: rest, from: leftNode), trie.value(at: node) >= 0 else {
            return .failure(Missing(token: String(left) + String(decoding: rest, as: UTF8.self)))
        }
        // Both halves are merged tokens too, or never come about, so that only their seam is new.
        if right.unicodeScalars.first == "▁", left.unicodeScalars.last != "▁" { cutsBeforeSpaces = false }
        return .success(Merge(left: trie.value(at: leftNode), right: rightID, id: trie.value(at: node)))
    }
}
