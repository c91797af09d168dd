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

    /// Nil where the file says that nothing is trimmed.
    init?(reading value: JSONValue) throws(TokenizerError) {
        addsPrefixSpace = try value.optional("add_prefix_space")?.bool() ?? true
        guard try value.optional("trim_offsets")?.bool() ?? true else { return nil }
    }

    func trim(_ tokens: inout [SequenceToken]) {
        for index in tokens.indices {
            let scalars = tokens[index].text.unicodeScalars
            var leading = scalars.prefix(while: Self.isSpace).count
            let trailing = scalars.reversed().prefix(while: Self.isSpace).count
            guard leading > 0 || trailing > 0 else { continue }
            let offset = tokens[index].offset
            if addsPrefixSpace, index == 0 || offset.lowerBound == 0 { leading = 0 }
            let start = Swift.min(offset.lowerBound + leading, offset.upperBound)
            tokens[index].offset = start..<Swift.max(offset.upperBound - trailing, start)
        }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == ByteAlphabet.scalars[0x20] || scalar.has(.whitespace)
    }
}
