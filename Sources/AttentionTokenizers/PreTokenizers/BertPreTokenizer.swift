import AttentionJSON

/// Words are what stands between white space; every punctuation character is a word by itself.
package struct BertPreTokenizer: PreTokenizer {
    package static let type = "BertPreTokenizer"

    package init() {}
    package init(reading value: JSONValue) {}

    package func preTokenize(_ text: inout PreTokenizedText) {
        text.cut { scalar in
            let flags = ScalarProperties.shared[scalar]
            if flags.contains(.whitespace) { return .outside }
            return flags.contains(.punctuation) ? .alone : .inside(group: 0)
        }
    }
}
