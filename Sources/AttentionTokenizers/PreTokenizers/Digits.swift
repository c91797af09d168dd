import AttentionJSON

/// Cuts numbers off, as runs of digits or digit by digit.
struct Digits: PreTokenizer {
    static let type = "Digits"

    private let behavior: SplitBehavior

    init(reading value: JSONValue) throws(TokenizerError) {
        behavior = try value.optional("individual_digits")?.bool() ?? false ? .isolated : .contiguous
    }

    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        try text.split(by: .scalars { $0.isNumber }, behavior)
    }
}
