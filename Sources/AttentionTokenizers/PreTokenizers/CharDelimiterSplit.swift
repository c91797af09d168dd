import AttentionJSON

/// Words are what stands between two delimiters.
struct CharDelimiterSplit: PreTokenizer {
    static let type = "CharDelimiterSplit"

    private let delimiter: Unicode.Scalar

    init(reading value: JSONValue) throws(TokenizerError) {
        delimiter = try value.required("delimiter").scalar()
    }

    func preTokenize(_ text: inout PreTokenizedText) {
        text.cut { $0 == delimiter ? .outside : .inside(group: 0) }
    }
}
