import AttentionJSON

/// Replaces what a pattern matches.
struct Replace: TextNormalizer {
    static let type = "Replace"

    private let pattern: WordPattern
    private let content: [Unicode.Scalar]

    init(_ scalar: Unicode.Scalar, by replacement: Unicode.Scalar) {
        pattern = .literal([scalar])
        content = [replacement]
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        pattern = try WordPattern(reading: try value.required("pattern"))
        content = Array(try value.required("content").string().unicodeScalars)
    }

    func normalize(_ text: inout AlignedText) throws(TokenizerError) {
        if case .literal(let literal) = pattern, literal.count == 1, content.count == 1 {
            for index in text.indices where text[index].scalar == literal[0] {
                text[index].scalar = content[0]
            }
            return
        }
        let matches = try pattern.matches(in: text, text.indices)
        guard !matches.isEmpty else { return }
        var replaced: AlignedText = []
        replaced.reserveCapacity(text.count)
        var done = 0
        for match in matches {
            replaced += text[done..<match.upperBound]
            replaced.removeLast(match.count)
            done = match.upperBound
            // New scalars have the place of the last scalar before them, gone or not.
            let place = done > 0 ? text[done - 1] : AlignedScalar(scalar: " ", start: 0, end: 0)
            for scalar in content { replaced.append(place.with(scalar)) }
        }
        text = replaced + text[done...]
    }
}
