import AttentionJSON

/// The tokens that stand beside a tokenizer's own file, and which place counts where several name one.
///
/// The order of precedence is that of the reference library (transformers 5.24, `_from_pretrained`):
///
/// - `added_tokens_decoder` of `tokenizer_config.json` counts alone. Only where it is absent do
///   `special_tokens_map.json`, which then overrides `tokenizer_config.json`, and `added_tokens.json` count.
/// - `extra_special_tokens` overrides `additional_special_tokens`, unless it is empty.
/// - A token that the tokenizer has keeps its id. New ones are numbered behind the last id: first those with
///   an id, in its order, then the named ones, then the extra ones.
/// - A token that is written down with properties in several places has those of the one with an id.
struct TokenSettings: Sendable {
    /// A token with the id that a file gives it.
    struct Numbered: Sendable {
        let id: Int
        var form: TokenForm
        let field: JSONValue
    }

    /// The tokens with a role.
    private(set) var named: [NamedToken: TokenForm] = [:]
    /// The roles that a file says no token has.
    private var unset: Set<NamedToken> = []
    /// Tokens with a name of the model's own, such as `image_token`.
    private var own: [TokenForm] = []
    /// The places in ``own`` by name.
    private var ownPlaces: [ExactString: Int] = [:]
    private var extra: [TokenForm] = []
    /// The contents of ``extra``.
    private var extraForms: Set<TokenForm> = []
    /// Whether `tokenizer_config.json` lists extra tokens, or `special_tokens_map.json` does under that name.
    private var statesExtra = false
    /// The tokens with an id, in its order.
    private(set) var numbered: [Numbered] = []

    init() {}

    /// - Parameters:
    ///   - config: `tokenizer_config.json`.
    ///   - specialTokens: `special_tokens_map.json`.
    ///   - addedTokens: `added_tokens.json`.
    ///   - file: `tokenizer.json`, whose added tokens have precedence over those of `added_tokens.json`.
    init(
        config: JSONValue?, specialTokens: JSONValue?, addedTokens: JSONValue?, file: JSONValue?
    ) throws(TokenizerError) {
        var additional: JSONValue?
        var extra: JSONValue?
        if let config {
            try readNames(config, areSpecial: nil)
            extra = try config.optional("extra_special_tokens")
            additional = try config.optional("additional_special_tokens")
        }
        if let additional, extra?.isEmptyContainer ?? true { extra = additional }
        try readExtra(extra)
        statesExtra = extra != nil
        if let decoder = try config?.optional("added_tokens_decoder") {
            numbered = try Self.numbered(decoder)
        } else {
            if let specialTokens {
                try readNames(specialTokens, areSpecial: true)
                let listed = try specialTokens.optional("extra_special_tokens")
                try readExtra(listed)
                statesExtra = statesExtra || listed != nil
            }
            try readLegacy(addedTokens, file)
            if extra == nil { try readExtra(specialTokens?.optional("additional_special_tokens")) }
        }
        for (name, form) in named {
            named[name] = numbered.first { $0.form.content == form.content }?.form ?? form
        }
    }

    /// Gives a role the token that it has where no file says anything.
    mutating func setDefault(_ name: NamedToken, _ content: ExactString?) {
        guard let content, named[name] == nil, !unset.contains(name) else { return }
        named[name] = TokenForm(content)
    }

    /// Makes these the extra tokens, unless a file lists others by ``statesExtra``.
    mutating func setDefaultExtra(_ forms: [TokenForm]) {
        if !statesExtra { (extra, extraForms) = (forms, Set(forms)) }
    }

    mutating func set(_ name: NamedToken, _ content: ExactString) { named[name] = TokenForm(content) }

    // MARK: Reading

    /// Reads the members that name a token.
    ///
    /// - Parameter areSpecial: whether objects are special tokens; nil where they say so themselves.
    private mutating func readNames(_ object: JSONValue, areSpecial: Bool?) throws(TokenizerError) {
        for (key, value) in try object.object() {
            if let name = NamedToken(key: key) {
                if value.isNull {
                    named[name] = nil
                    unset.insert(name)
                } else {
                    named[name] = try TokenForm(reading: value, isSpecial: areSpecial)
                }
            } else if key.utf8.suffix(6).elementsEqual("_token".utf8), let content = value.stringValue {
                setOwn(key, TokenForm(ExactString(content)))
            }
        }
    }

    private mutating func setOwn(_ name: ExactString, _ form: TokenForm) {
        if let place = ownPlaces[name] {
            own[place] = form
        } else {
            ownPlaces[name] = own.count
            own.append(form)
        }
    }

    /// Reads a list of tokens, or an object that gives each a name.
    private mutating func readExtra(_ value: JSONValue?) throws(TokenizerError) {
        guard let value else { return }
        guard !value.isObject else {
            for (name, value) in try value.object() {
                setOwn(name, try TokenForm(reading: value, isSpecial: true))
            }
            return
        }
        for element in try value.array() {
            let form = try TokenForm(reading: element, isSpecial: true)
            if extraForms.insert(form).inserted { extra.append(form) }
        }
    }

    /// Reads an object of ids and tokens.
    private static func numbered(_ decoder: JSONValue) throws(TokenizerError) -> [Numbered] {
        var numbered: [Numbered] = []
        for (member, value) in try decoder.object() {
            guard let id = Int(member.string), (0...Int(Int32.max)).contains(id) else {
                throw value.invalid("has the name '\(member)', which is no token's id")
            }
            numbered.append(Numbered(id: id, form: try TokenForm(reading: value), field: value))
        }
        return numbered.sorted { $0.id < $1.id }
    }

    /// Reads `added_tokens.json`, an object of tokens and their ids, and the tokens of `tokenizer.json`.
    private mutating func readLegacy(_ added: JSONValue?, _ file: JSONValue?) throws(TokenizerError) {
        guard let added else { return }
        let special = Set(named.values.map(\.content) + extra.map(\.content))
        var byID: [Int: Numbered] = [:]
        for (content, value) in try added.object() {
            var form = TokenForm(content, isSpecial: special.contains(content))
            form.isNormalized = !form.isSpecial
            let id = try value.count()
            byID[id] = Numbered(id: id, form: form, field: value)
        }
        for value in try file?.optional("added_tokens")?.array() ?? [] {
            let id = try value.required("id")
            byID[try id.count()] = Numbered(
                id: try id.count(), form: try TokenForm(reading: value), field: id)
        }
        numbered = byID.values.sorted { $0.id < $1.id }
    }
}

extension TokenSettings {
    /// Adds the tokens to those that the tokenizer has.
    ///
    /// - Throws: ``TokenizerError/invalidValue(file:field:reason:)`` where a new token has another id than
    ///   the next one: the reference library would give it that one, and the file means another.
    func add(to list: inout AddedTokenList) throws(TokenizerError) {
        let roles = NamedToken.allCases.compactMap { named[$0] } + own
        let special = Set(roles.map(\.content))
        let known = Set(list.tokens.map { TokenForm($0) })
        var added: Set<ExactString> = []
        for token in numbered where !known.contains(token.form) {
            var form = token.form
            if special.contains(form.content) { form.isSpecial = true }
            let (id, isNew) = list.add(form)
            guard id == token.id || !isNew else {
                throw token.field.invalid(
                    "gives '\(form.content)' the id \(token.id), and the next one is \(id)")
            }
            added.insert(form.content)
        }
        for var form in roles + extra where !list.contains(form.content) && !added.contains(form.content) {
            form.isSpecial = true
            list.add(form)
        }
    }
}

extension JSONValue {
    fileprivate var isEmptyContainer: Bool { elements?.isEmpty ?? (isObject && memberBound == 0) }
}
