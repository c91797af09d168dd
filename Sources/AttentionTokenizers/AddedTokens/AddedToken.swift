import AttentionJSON

/// A token that is found in text as a whole, before the text is cut into words.
public struct AddedToken: Hashable, Sendable {
    public let id: Int
    public let content: String
    /// Whether decoding can leave it out, as it can `[CLS]`.
    public let isSpecial: Bool
    /// Whether it is only found where no letter, digit or underscore touches it.
    public let isSingleWord: Bool
    /// Whether it takes the white space before it.
    public let stripsLeft: Bool
    /// Whether it takes the white space after it.
    public let stripsRight: Bool
    /// Whether it is looked for in normalised text, in its own normalised form.
    public let isNormalized: Bool

    /// A special token as BERT's are: found as it is written.
    ///
    /// - Parameter isSpecial: false for one that decoding writes.
    init(special content: String, id: Int, isSpecial: Bool = true) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
        isSingleWord = false
        stripsLeft = false
        stripsRight = false
        isNormalized = false
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        id = try value.required("id").count()
        content = try value.required("content").string()
        isSpecial = try value.required("special").bool()
        isSingleWord = try value.required("single_word").bool()
        stripsLeft = try value.required("lstrip").bool()
        stripsRight = try value.required("rstrip").bool()
        isNormalized = try value.required("normalized").bool()
    }
}
