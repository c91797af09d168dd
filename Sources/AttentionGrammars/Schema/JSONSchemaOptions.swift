/// Options of the JSON that is written for a schema.
public struct JSONSchemaOptions: Hashable, Sendable {
    /// The white space.
    public var whitespace: JSONWhitespace
    /// The greatest lengths of numbers and strings for which the schema sets no bound.
    public var lengths: JSONLengths
    /// The choice of the values that are written, among those that a schema permits.
    public var breadth: JSONSchemaBreadth
    /// The draft of a schema that does not name one in `$schema`.
    public var dialect: JSONSchemaDialect

    /// Every setting has its usual value unless it is given.
    public init(
        whitespace: JSONWhitespace = .bounded, lengths: JSONLengths = JSONLengths(),
        breadth: JSONSchemaBreadth = .meant, dialect: JSONSchemaDialect = .draft2020
    ) {
        self.whitespace = whitespace
        self.lengths = lengths
        self.breadth = breadth
        self.dialect = dialect
    }
}

/// The greatest lengths of numbers and strings for which a schema sets no bound.
///
/// A model that has begun a number may go on with zeros until its tokens are spent. A number therefore has an
/// end. Bounds of the schema with more digits, and lengths that it asks for, go before these.
public struct JSONLengths: Hashable, Sendable {
    /// The digits before the point.
    public var wholeDigits: Int
    /// The digits behind the point.
    public var fractionDigits: Int
    /// The digits of an exponent, which only numbers without bounds have.
    public var exponentDigits: Int
    /// The characters of a string without a pattern or a format; nil: any number of them.
    public var stringLength: Int?

    /// - Precondition: no length is negative.
    public init(
        wholeDigits: Int = 15, fractionDigits: Int = 6, exponentDigits: Int = 2, stringLength: Int? = nil
    ) {
        precondition(
            wholeDigits >= 0 && fractionDigits >= 0 && exponentDigits >= 0 && stringLength ?? 0 >= 0,
            "lengths of \(wholeDigits), \(fractionDigits), \(exponentDigits) and \(stringLength ?? 0)")
        self.wholeDigits = wholeDigits
        self.fractionDigits = fractionDigits
        self.exponentDigits = exponentDigits
        self.stringLength = stringLength
    }
}

/// The choice of the values that are written, among those that a schema permits.
public enum JSONSchemaBreadth: Hashable, Sendable {
    /// Those that its author has in mind. A keyword for values of one type, such as `properties`, means that
    /// type where `type` is missing. Members and items that the schema does not name are written only where
    /// it speaks of them, as `additionalProperties` does. An alternative of `oneOf` has the member that tells
    /// it apart from the others, if there is one. More than twelve different values of an `enum` that must
    /// not be repeated (`uniqueItems`) come in the order of the schema.
    case meant
    /// All of them, by the letter of the specification.
    case permitted
}

/// The drafts of JSON Schema whose keywords differ.
public enum JSONSchemaDialect: Hashable, Sendable {
    /// Drafts 6 and 7: what stands beside `$ref` is not looked at.
    case draft7
    /// Drafts 2019-09 and 2020-12.
    case draft2020
}

/// The white space that JSON may have.
public enum JSONWhitespace: Hashable, Sendable {
    /// None.
    case compact
    /// Behind brackets, colons and commas and before closing brackets: none, a space, or a new line and at
    /// most 40 spaces or tabs. So JSON can be on one line or indented, and a model cannot go on with nothing
    /// but space.
    case bounded
}
