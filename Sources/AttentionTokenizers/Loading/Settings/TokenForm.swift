import AttentionJSON

/// An added token as a file writes it down: its text and how it is found, without its id.
struct TokenForm: Hashable, Sendable {
    let content: ExactString
    var isSpecial: Bool
    var isSingleWord = false
    var stripsLeft = false
    var stripsRight = false
    var isNormalized: Bool

    /// A token that is found as it is written.
    init(_ content: ExactString, isSpecial: Bool = true) {
        self.content = content
        self.isSpecial = isSpecial
        isNormalized = false
    }

    init(_ token: AddedToken) {
        content = token.exactContent
        isSpecial = token.isSpecial
        isSingleWord = token.isSingleWord
        stripsLeft = token.stripsLeft
        stripsRight = token.stripsRight
        isNormalized = token.isNormalized
    }

    /// Reads a string, which is a special token, or an object whose absent members have the reference
    /// library's values.
    ///
    /// - Parameter isSpecial: whether an object is a special token; nil where it says so itself.
    init(reading value: JSONValue, isSpecial: Bool? = nil) throws(TokenizerError) {
        guard value.isObject else {
            content = ExactString(try value.string())
            self.isSpecial = true
            isNormalized = false
            return
        }
        content = ExactString(try value.required("content").string())
        let stated = try value.optional("special")?.bool()
        self.isSpecial = isSpecial ?? stated ?? false
        isSingleWord = try value.optional("single_word")?.bool() ?? false
        stripsLeft = try value.optional("lstrip")?.bool() ?? false
        stripsRight = try value.optional("rstrip")?.bool() ?? false
        let isNormalized = try value.optional("normalized")?.bool()
        self.isNormalized = isNormalized ?? !self.isSpecial
    }
}

/// The tokens that have a role, in the reference library's order.
enum NamedToken: Int, CaseIterable, Sendable {
    case begin, end, unknown, separator, padding, classification, mask

    /// The name that settings and templates give it.
    var key: String {
        switch self {
        case .begin: "bos_token"
        case .end: "eos_token"
        case .unknown: "unk_token"
        case .separator: "sep_token"
        case .padding: "pad_token"
        case .classification: "cls_token"
        case .mask: "mask_token"
        }
    }

    init?(key: ExactString) {
        guard let token = Self.allCases.first(where: { ExactString($0.key) == key }) else { return nil }
        self = token
    }
}
