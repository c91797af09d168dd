import AttentionJSON

/// All added tokens of a tokenizer, and the two searches for them: in the text as it was written, and in
/// normalised text.
struct AddedTokens: Sendable {
    private(set) var written = AddedTokenMatcher()
    private(set) var normalized = AddedTokenMatcher()
    private(set) var tokens: [AddedToken] = []
    private var byID: [Int: (token: AddedToken, decoded: String)] = [:]
    private var ids: [ExactString: Int] = [:]
    private let splitsSpecial: Bool

    func id(of token: ExactString) -> Int? { ids[token] }

    func token(of id: Int) -> AddedToken? { byID[id]?.token }

    /// The text that decoding writes for an id: the form that is looked for in normalised text, if it is.
    func decoded(_ id: Int) -> String? { byID[id]?.decoded }

    /// - Parameters:
    ///   - tokens: the tokens, of which the first of equal ones counts.
    ///   - normalizer: how the text is normalised in which tokens are looked for.
    ///   - splitsSpecial: whether special tokens are not looked for at all.
    ///   - file: The name of the tokens' file in errors.
    /// - Throws: ``TokenizerError/invalidValue(file:field:reason:)`` for a token that is too long.
    init(
        _ tokens: [AddedToken], normalizer: (any TextNormalizer)? = nil, splitsSpecial: Bool = false,
        file: String
    ) throws(TokenizerError) {
        self.splitsSpecial = splitsSpecial
        for token in tokens where ids[token.exactContent] == nil {
            let isFound = !(splitsSpecial && token.isSpecial)
            guard try insert(token, isFound: isFound, normalizer: normalizer) else {
                throw .invalidValue(
                    file: file, field: "the added token \(token.id)",
                    reason: "is longer than \(TokenTrie.longestToken) bytes")
            }
        }
    }

    /// The same tokens, which are looked for as another normaliser writes them.
    func renormalized(by normalizer: any TextNormalizer) throws(TokenizerError) -> AddedTokens {
        try AddedTokens(tokens, normalizer: normalizer, splitsSpecial: splitsSpecial, file: "the tokenizer")
    }

    private mutating func insert(
        _ token: AddedToken, isFound: Bool, normalizer: (any TextNormalizer)?
    ) throws(TokenizerError) -> Bool {
        var form = token.content
        if token.isNormalized, let normalizer {
            var text = try AlignedText(token.content)
            try normalizer.normalize(&text)
            form = text.string
        }
        if isFound {
            let result =
                token.isNormalized
                ? normalized.insert(token, form: form) : written.insert(token, form: form)
            guard result != .tooLong, result != .full else { return false }
        }
        tokens.append(token)
        ids[token.exactContent] = token.id
        byID[token.id] = (token, form)
        return true
    }
}
