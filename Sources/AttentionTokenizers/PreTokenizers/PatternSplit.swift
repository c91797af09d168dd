import AttentionJSON

/// Cuts at the places that a pattern matches.
struct PatternSplit: PreTokenizer {
    static let type = "Split"

    private let pattern: WordPattern
    private let behavior: SplitBehavior
    private let isInverted: Bool

    init(reading value: JSONValue) throws(TokenizerError) {
        pattern = try WordPattern(reading: try value.required("pattern"))
        behavior = try SplitBehavior(reading: try value.required("behavior"))
        isInverted = try value.optional("invert")?.bool() ?? false
    }

    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        try text.split(by: pattern, behavior, inverted: isInverted)
    }
}
