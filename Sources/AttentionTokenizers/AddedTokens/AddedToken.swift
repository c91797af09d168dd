import AttentionJSON

/// A token that is found in text as a whole, before the text is cut into words.
public struct AddedToken: Hashable, Sendable {
    /// The token's number.
    public let id: Int
    /// The token's text, compared by its scalars.
    let exactContent: ExactString
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

    /// The token's text.
    public var content: String { exactContent.string }

    init(_ form: TokenForm, id: Int) {
        self.id = id
        exactContent = form.content
        isSpecial = form.isSpecial
        isSingleWord = form.isSingleWord
        stripsLeft = form.stripsLeft
        stripsRight = form.stripsRight
        isNormalized = form.isNormalized
    }

    /// A token that is found as it is written, as BERT's special ones are.
    ///
    /// - Parameter isSpecial: false for one that decoding writes.
    init(special content: String, id: Int, isSpecial: Bool = true) {
        self.init(TokenForm(ExactString(content), isSpecial: isSpecial), id: id)
    }

    /// Reads an element of `added_tokens`, which must say everything.
    init(reading value: JSONValue) throws(TokenizerError) {
        id = try value.required("id").count()
        exactContent = ExactString(try value.required("content").string())
        isSpecial = try value.required("special").bool()
        isSingleWord = try value.required("single_word").bool()
        stripsLeft = try value.required("lstrip").bool()
        stripsRight = try value.required("rstrip").bool()
        isNormalized = try value.required("normalized").bool()
    }
}
