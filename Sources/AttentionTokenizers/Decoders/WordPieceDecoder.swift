import AttentionJSON

/// Joins the pieces of words, and puts spaces between words.
struct WordPieceDecoder: TokenDecoder {
    static let type = "WordPiece"

    /// The prefix of the pieces that continue a word.
    private let prefix: String
    /// Whether the spaces go that English does not write: before full stops, around apostrophes.
    private let cleansUp: Bool

    init(prefix: String, cleansUp: Bool) {
        self.prefix = prefix
        self.cleansUp = cleansUp
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        self.init(
            prefix: try value.required("prefix").string(),
            cleansUp: try value.required("cleanup").bool())
    }

    func makeStage() -> any DecodingStage { Stage(decoder: self) }

    func bytes(of token: String) -> [UInt8] {
        token.utf8.starts(with: prefix.utf8)
            ? Array(token.utf8.dropFirst(prefix.utf8.count)) : [0x20] + token.utf8
    }

    func displayBytes(of token: String) -> [UInt8] { Array(token.utf8) }

    /// Whether a space stands before a token may depend on the tokens behind it, so nothing is settled
    /// before the end.
    private struct Stage: DecodingStage {
        let decoder: WordPieceDecoder
        private var tokens: [String] = []

        init(decoder: WordPieceDecoder) { self.decoder = decoder }

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            tokens += parts.map(\.text)
            return isLast ? [DecodedPart(text: decoder.decode(tokens))] : []
        }
    }

    private func decode(_ tokens: [String]) -> String {
        var text = ""
        for (index, token) in tokens.enumerated() {
            if index == 0 {
                text += token
            } else if token.utf8.starts(with: prefix.utf8) {
                text.unicodeScalars += token.unicodeScalars.dropFirst(prefix.unicodeScalars.count)
            } else {
                text += " "
                text += token
            }
        }
        return cleansUp ? Self.cleanUp(text) : text
    }

    /// Rules in the order in which the reference applies them, each to the whole text.
    private static let rules: [(written: String, meant: String)] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]

    private static func cleanUp(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for rule in rules { bytes = bytes.replacing(Array(rule.written.utf8), by: Array(rule.meant.utf8)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    /// With every place of a pattern, from left to right, replaced.
    func replacing(_ pattern: [UInt8], by replacement: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            let end = index + pattern.count
            if self[index] == pattern[0], end <= count, self[index..<end].elementsEqual(pattern) {
                result += replacement
                index = end
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
