import AttentionJSON

/// Writes spaces as visible scalars, most often `▁`, and cuts before each.
///
/// - Note: Kudo and Richardson, "SentencePiece" (2018), section 3.
struct Metaspace: PreTokenizer {
    static let type = "Metaspace"

    /// The words before which a space is put where there is none.
    enum PrependScheme: String, CaseIterable {
        case always, never
        /// Only at the beginning of the text.
        case first

        /// Reads `prepend_scheme`, or `add_prefix_space` of older files.
        init(reading value: JSONValue) throws(TokenizerError) {
            guard let field = try value.optional("prepend_scheme") else {
                self = try value.optional("add_prefix_space")?.bool() ?? true ? .always : .never
                return
            }
            self = try field.name(of: Self.self)
        }
    }

    private let replacement: Unicode.Scalar
    private let scheme: PrependScheme
    private let cuts: Bool

    init(reading value: JSONValue) throws(TokenizerError) {
        replacement = try value.required("replacement").scalar()
        scheme = try PrependScheme(reading: value)
        cuts = try value.optional("split")?.bool() ?? true
    }

    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        var isAtStart = text.isAtStart
        text.rewrite { word, text in
            let prepends = scheme == .always || scheme == .first && isAtStart
            isAtStart = false
            if prepends, let first = word.first, first.scalar != " ", first.scalar != replacement {
                text.append(first.with(replacement))
            }
            for aligned in word { text.append(aligned.scalar == " " ? aligned.with(replacement) : aligned) }
        }
        if cuts { try text.split(by: .literal([replacement]), .mergedWithNext) }
    }
}
