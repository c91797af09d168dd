import AttentionJSON

/// SentencePiece's own normalisation: a table of replacements, longest first, fewer spaces, and spaces as
/// `▁`.
///
/// - Note: Kudo and Richardson, "SentencePiece" (2018), sections 3.1 and 3.3.
struct SentencePieceNormalizer: TextNormalizer {
    static let type = "SentencePiece"

    /// What texts are replaced by; nil for nothing.
    let map: CharacterMap?
    /// Texts that stay as they are.
    let kept: TokenTrie?
    let addsPrefix: Bool
    let removesExtraSpaces: Bool

    init(map: CharacterMap?, kept: TokenTrie?, addsPrefix: Bool, removesExtraSpaces: Bool) {
        self.map = map
        self.kept = kept
        self.addsPrefix = addsPrefix
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
        var index = 0
        while index < text.count {
            let (end, replacement) = replacement(for: text, at: index)
            let place = AlignedScalar(scalar: " ", start: text[index].start, end: text[end - 1].end)
            for scalar in replacement {
                let isSpace = scalar == " "
                if isSpace, followsSpace, removesExtraSpaces { continue }
                if normalized.isEmpty, addsPrefix { normalized.append(place.with("▁")) }
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

    /// What the text at a place becomes, and where the text ends that it is for.
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
