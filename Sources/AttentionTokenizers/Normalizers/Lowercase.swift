import AttentionJSON

/// Lower-cases every scalar by itself, without regard to language or context.
package struct Lowercase: TextNormalizer {
    package static let type = "Lowercase"

    package init() {}
    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        // Almost every mapping is one to one, and then the text is changed in place.
        var grown: AlignedText?
        for index in text.indices {
            let aligned = text[index]
            var count = 0
            if aligned.scalar.has(.lowercases) {
                _ = ScalarMapping.lowercase.forEachTarget(of: aligned.scalar) { target in
                    count += 1
                    if count == 1 { text[index].scalar = target }
                    if count == 2, grown == nil { grown = AlignedText(text[..<index]) + [text[index]] }
                    let lowered = AlignedScalar(scalar: target, start: aligned.start, end: aligned.end)
                    if count > 1 || grown != nil { grown?.append(lowered) }
                }
            }
            if count == 0 { grown?.append(aligned) }
        }
        if let grown { text = grown }
    }
}
