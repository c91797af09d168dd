import AttentionJSON

/// Makes one token of all.
struct Fuse: TokenDecoder {
    static let type = "Fuse"

    init() {}
    init(reading value: JSONValue) {}

    func makeStage() -> any DecodingStage { Stage() }

    var joinsTokens: Bool { true }

    private struct Stage: DecodingStage {
        private var isFirst = true

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            parts.map { part in
                defer { isFirst = false }
                return DecodedPart(text: part.text, beginsToken: isFirst)
            }
        }
    }
}
