import AttentionJSON

/// SentencePiece's own normalisation: a table of replacements, longest first, fewer spaces, and spaces as
/// `▁`.
///
/// - Note: Kudo and Richardson, "SentencePiece" (2018), sections 3.1 and 3.3.
struct SentencePieceNormalizer: TextNormalizer {
    static let type = "SentencePiece"

    /// The table of replacements; nil for none.
    let map: CharacterMap?
    /// Texts that stay as they are.
    let kept: TokenTrie?
    let prefix: SentencePieceModel.Prefix
    let removesExtraSpaces: Bool

    init(
        map: CharacterMap?, kept: TokenTrie?, prefix: SentencePieceModel.Prefix, removesExtraSpaces: Bool
    ) {
        self.map = map
        self.kept = kept
        self.prefix = prefix
        self.removesExtraSpaces = removesExtraSpaces
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        throw value.unsupported(Self.type, supported: ["Precompiled"])
    }

    func normalize(_ text: inout AlignedText) {
        var normalized: AlignedText = []
        normalized.reserveCapacity(text.count + text.count / 4 + 1)
        // At the beginning every space is one too many.
        var followsSpace = removesExtraSpaces
        let isAtStart = text.first?.start == 0
        var index = 0
        while index < text.count {
            let (end, replacement) = replacement(for: text, at: index)
            let place = AlignedScalar(scalar: " ", start: text[index].start, end: text[end - 1].end)
            for scalar in replacement {
                let isSpace = scalar == " "
                if isSpace, followsSpace, removesExtraSpaces { continue }
                if normalized.isEmpty, takesPrefix(isAtStart: isAtStart, first: scalar) {
                    normalized.append(place.with("▁"))
                }
                normalized.append(place.with(isSpace ? "▁" : scalar))
                followsSpace = isSpace
            }
            index = end
        }
        if removesExtraSpaces {
            while normalized.last?.scalar == "▁" { normalized.removeLast() }
        }
        text = normalized
    }

    private func takesPrefix(isAtStart: Bool, first: Unicode.Scalar) -> Bool {
        let hasSpace = first == " " || first == "▁"
        return switch prefix {
        case .never: false
        case .always: true
        case .unlessSpace: !hasSpace
        case .atStart: isAtStart && !hasSpace
        }
    }

    /// The replacement for the text at a place, and the end of that text.
    private func replacement(for text: AlignedText, at index: Int) -> (end: Int, [Unicode.Scalar]) {
        if let match = kept?.longestMatch(in: text, index..<text.count) {
            return (match.end, text[index..<match.end].map(\.scalar))
        }
        if let match = map?.match(text[index...], .longest) {
            return (match.end, Array(match.text.unicodeScalars))
        }
        return (index + 1, [text[index].scalar])
    }
}
