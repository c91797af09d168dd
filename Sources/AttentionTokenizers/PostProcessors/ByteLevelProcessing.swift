import AttentionJSON

/// Adds no tokens; only takes white space out of the places that tokens stand for.
struct ByteLevelProcessing: PostProcessor {
    static let type = "ByteLevel"

    var templates: (single: Template, pair: Template)? { nil }
    let trimming: OffsetTrimming?

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        trimming = try OffsetTrimming(reading: value)
    }
}

/// Takes the white space that byte-level tokens begin and end with out of their places in the text.
struct OffsetTrimming: Sendable {
    /// Whether the space at the beginning of the text is one that was put there.
    private let addsPrefixSpace: Bool

    init(addsPrefixSpace: Bool) { self.addsPrefixSpace = addsPrefixSpace }

    /// Nil where the file says that nothing is trimmed.
    init?(reading value: JSONValue) throws(TokenizerError) {
        addsPrefixSpace = try value.optional("add_prefix_space")?.bool() ?? true
        guard try value.optional("trim_offsets")?.bool() ?? true else { return nil }
    }

    func trim(_ tokens: inout [SequenceToken]) {
        for index in tokens.indices {
            let scalars = tokens[index].text.unicodeScalars
            let leading = scalars.prefix(while: Self.isSpace)
            guard !leading.isEmpty || scalars.last.map(Self.isSpace) == true else { continue }
            let offset = tokens[index].offset
            // A single space at the beginning may be one that was put there, in the place of what follows it.
            let isPrefix =
                addsPrefixSpace && leading.count == 1 && (index == 0 || offset.lowerBound == 0)
            let start =
                isPrefix
                ? offset.lowerBound
                : Swift.min(offset.lowerBound + Self.width(leading), offset.upperBound)
            let trailing = Self.width(scalars.reversed().prefix(while: Self.isSpace))
            let end = leading.count == scalars.count ? start : offset.upperBound - trailing
            tokens[index].offset = start..<Swift.max(end, start)
        }
    }

    /// The UTF-8 bytes that spaces have in the text itself.
    private static func width(_ spaces: some Sequence<Unicode.Scalar>) -> Int {
        spaces.reduce(0) { $0 + ($1 == ByteAlphabet.scalars[0x20] ? 1 : UTF8.width($1)) }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == ByteAlphabet.scalars[0x20] || scalar.has(.whitespace)
    }
}
