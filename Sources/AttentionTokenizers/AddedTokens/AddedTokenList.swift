import AttentionJSON

/// The added tokens of a tokenizer while its files are read: each text once, with its id.
struct AddedTokenList {
    private(set) var tokens: [AddedToken] = []
    private var places: [ExactString: Int] = [:]
    private let vocabulary: Vocabulary
    /// The id of the next token that the vocabulary does not have.
    private var next: Int

    init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        next = vocabulary.count
    }

    func contains(_ content: ExactString) -> Bool { places[content] != nil }

    /// The id of any token, added or not.
    func id(of content: ExactString) -> Int? {
        places[content].map { tokens[$0].id } ?? vocabulary.id(of: content.string)
    }

    /// Adds a token, or gives one that is there other properties.
    ///
    /// - Returns: its id, and whether no token had it before. An empty token is none.
    @discardableResult
    mutating func add(_ form: TokenForm) -> (id: Int, isNew: Bool) {
        let known = id(of: form.content)
        let id = known ?? next
        if !form.content.isEmpty { set(AddedToken(form, id: id)) }
        return (id, known == nil)
    }

    private mutating func set(_ token: AddedToken) {
        next = Swift.max(next, token.id + 1)
        if let place = places[token.exactContent] {
            tokens[place] = token
        } else {
            places[token.exactContent] = tokens.count
            tokens.append(token)
        }
    }

    /// Adds what `added_tokens` of a `tokenizer.json` lists.
    ///
    /// - Throws: ``TokenizerError``, also where an id contradicts the vocabulary or another token.
    mutating func add(reading value: JSONValue?) throws(TokenizerError) {
        var byID: [Int: AddedToken] = [:]
        for element in try value?.array() ?? [] {
            let token = try AddedToken(reading: element)
            // An empty one can never be found.
            if token.exactContent.isEmpty { continue }
            let field = try element.required("id")
            if let known = id(of: token.exactContent), known != token.id {
                throw field.invalid("is \(token.id) for '\(token.content)', which is \(known) already")
            }
            if let other = vocabulary.token(of: token.id) ?? byID[token.id]?.content,
                ExactString(other) != token.exactContent
            {
                throw field.invalid("is \(token.id) for '\(token.content)', which is '\(other)' already")
            }
            // Of equal tokens the first counts.
            if contains(token.exactContent) { continue }
            byID[token.id] = token
            set(token)
        }
    }
}
