import AttentionJSON

/// All added tokens of a tokenizer, and the two searches for them: in the text as it was written, and in
/// normalised text.
struct AddedTokens: Sendable {
    private(set) var written = AddedTokenMatcher()
    private(set) var normalized = AddedTokenMatcher()
    private(set) var tokens: [AddedToken] = []
    private var byID: [Int: (token: AddedToken, decoded: String)] = [:]
    private var ids: [String: Int] = [:]

    func id(of token: String) -> Int? { ids[token] }

    func token(of id: Int) -> AddedToken? { byID[id]?.token }

    /// What decoding writes for an id: the form that is looked for in normalised text, if it is.
    func decoded(_ id: Int) -> String? { byID[id]?.decoded }

    /// Reads the section `added_tokens`.
    ///
    /// - Throws: ``TokenizerError``, also where an id contradicts the vocabulary or another token.
    init(
        reading value: JSONValue?, vocabulary: Vocabulary, normalizer: (any TextNormalizer)?
    ) throws(TokenizerError) {
        guard let value else { return }
        for element in try value.array() {
            let token = try AddedToken(reading: element)
            // An empty one can never be found.
            if token.content.isEmpty { continue }
            let id = try element.required("id")
            if let known = vocabulary.id(of: token.content) ?? ids[token.content], known != token.id {
                throw id.invalid("is \(token.id) for '\(token.content)', which is \(known) already")
            }
            if let other = vocabulary.token(of: token.id) ?? byID[token.id]?.token.content,
                other != token.content
            {
                throw id.invalid("is \(token.id) for '\(token.content)', which is '\(other)' already")
            }
            guard try insert(token, normalizer: normalizer) else {
                throw try element.required("content").invalid(
                    "is longer than \(TokenTrie.longestToken) bytes")
            }
        }
    }

    /// Special tokens, which are found as they are written.
    init(special tokens: [AddedToken]) throws(TokenizerError) {
        for token in tokens { _ = try insert(token, normalizer: nil) }
    }

    private mutating func insert(
        _ token: AddedToken, normalizer: (any TextNormalizer)?
    ) throws(TokenizerError) -> Bool {
        guard ids[token.content] == nil else { return true }
        var form = token.content
        if token.isNormalized, let normalizer {
            var text = try AlignedText(token.content)
            try normalizer.normalize(&text)
            form = text.string
        }
        let result =
            token.isNormalized
            ? normalized.insert(token, form: form) : written.insert(token, form: form)
        guard result != .tooLong, result != .full else { return false }
        tokens.append(token)
        ids[token.content] = token.id
        byID[token.id] = (token, form)
        return true
    }
}
