import AttentionJSON

/// Writes spaces for ``Metaspace``'s visible ones, without the one that was put before the text.
struct MetaspaceDecoder: TokenDecoder {
    static let type = "Metaspace"

    private let replacement: Unicode.Scalar
    private let dropsFirst: Bool

    init(reading value: JSONValue) throws(TokenizerError) {
        replacement = try value.required("replacement").scalar()
        dropsFirst = try Metaspace.PrependScheme(reading: value) != .never
    }

    func makeStage() -> any DecodingStage { Stage(replacement: replacement, dropsNext: dropsFirst) }

    func bytes(of token: String) -> [UInt8] {
        token.unicodeScalars.flatMap { Array(String($0 == replacement ? " " : $0).utf8) }
    }

    private struct Stage: DecodingStage {
        let replacement: Unicode.Scalar
        /// Whether the next token is the first, in which every space is dropped.
        var dropsNext: Bool

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            parts.map { part in
                var text = String.UnicodeScalarView()
                for scalar in part.text.unicodeScalars {
                    if scalar != replacement {
                        text.append(scalar)
                    } else if !dropsNext {
                        text.append(" ")
                    }
                }
                dropsNext = false
                return DecodedPart(text: String(text), beginsToken: part.beginsToken)
            }
        }
    }
}
