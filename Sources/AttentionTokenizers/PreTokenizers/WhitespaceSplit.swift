import AttentionJSON

/// Words are what stands between white space.
package struct WhitespaceSplit: PreTokenizer {
    package static let type = "WhitespaceSplit"

    package init(reading value: JSONValue) {}

    package func preTokenize(_ text: inout PreTokenizedText) {
        text.cut { $0.has(.whitespace) ? .outside : .inside(group: 0) }
    }
}
