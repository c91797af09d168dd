import AttentionJSON

/// Several pre-tokenisers, each cutting the words of the one before it.
package struct PreTokenizerSequence: PreTokenizer {
    package static let type = "Sequence"

    private let preTokenizers: [any PreTokenizer]

    package init(reading value: JSONValue) throws(TokenizerError) {
        var preTokenizers: [any PreTokenizer] = []
        for element in try value.required("pretokenizers").array() {
            preTokenizers.append(try PreTokenizers.read(element))
        }
        self.preTokenizers = preTokenizers
    }

    package func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        for preTokenizer in preTokenizers { try preTokenizer.preTokenize(&text) }
    }
}
