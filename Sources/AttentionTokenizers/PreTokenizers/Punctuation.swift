import AttentionJSON

/// Cuts at punctuation.
package struct Punctuation: PreTokenizer {
    package static let type = "Punctuation"

    private let behavior: SplitBehavior

    package init(reading value: JSONValue) throws(TokenizerError) {
        behavior =
            try value.optional("behavior").map { field throws(TokenizerError) in
                try SplitBehavior(reading: field)
            } ?? .isolated
    }

    package func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        try text.split(by: .scalars { $0.has(.punctuation) }, behavior)
    }
}
