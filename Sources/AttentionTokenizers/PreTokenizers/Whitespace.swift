import AttentionJSON

/// Words are runs of letters, digits, marks and underscores, and runs of anything else but white space:
/// `\w+|[^\w\s]+`.
package struct Whitespace: PreTokenizer {
    package static let type = "Whitespace"

    package init(reading value: JSONValue) {}

    package func preTokenize(_ text: inout PreTokenizedText) {
        text.cut { scalar in
            let flags = ScalarProperties.shared[scalar]
            if flags.contains(.whitespace) { return .outside }
            return .inside(group: flags.contains(.word) ? 1 : 0)
        }
    }
}
