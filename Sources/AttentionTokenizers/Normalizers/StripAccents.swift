import AttentionJSON

/// Removes every mark. Accents of composed letters stay unless the text is decomposed before.
package struct StripAccents: TextNormalizer {
    package static let type = "StripAccents"

    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        text.removeAll { $0.scalar.has(.mark) }
    }
}
