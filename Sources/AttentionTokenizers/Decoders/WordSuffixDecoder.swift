import AttentionJSON

/// Writes spaces for the suffix that ends words, such as `</w>`, but at the end of the text.
struct WordSuffixDecoder: TokenDecoder {
    static let type = "BPEDecoder"

    private let suffix: String

    init(reading value: JSONValue) throws(TokenizerError) {
        suffix = try value.optional("suffix")?.string() ?? "</w>"
    }

    func makeStage() -> any DecodingStage { Stage(suffix: suffix) }

    func bytes(of token: String) -> [UInt8] {
        Array(ReplaceDecoder(pattern: suffix, content: " ").decode(token).utf8)
    }

    private struct Stage: DecodingStage {
        let suffix: String
        /// The last token so far, which may be the text's.
        private var held: DecodedPart?

        init(suffix: String) { self.suffix = suffix }

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            var tokens = (held.map { [$0] } ?? []) + parts
            held = isLast ? nil : tokens.popLast()
            let last = isLast ? tokens.count - 1 : -1
            for index in tokens.indices {
                tokens[index].text = ReplaceDecoder(pattern: suffix, content: index == last ? "" : " ")
                    .decode(tokens[index].text)
            }
            return tokens
        }
    }
}
