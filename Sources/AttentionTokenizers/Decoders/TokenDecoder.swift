import AttentionJSON

/// The last stage, the other way: makes text of tokens.
///
/// A new decoder is one file beside this one and its line in ``TokenDecoders/all``.
protocol TokenDecoder: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    init(reading value: JSONValue) throws(TokenizerError)

    /// Decoding from the first token on.
    func makeStage() -> any DecodingStage

    /// The bytes that a token contributes to the middle of a text, which need not be whole characters.
    func bytes(of token: String) -> [UInt8]

    /// The bytes by which people know a token: those that it contributes, or the token as it is written.
    func displayBytes(of token: String) -> [UInt8]

    /// Whether what follows in a sequence sees the text as a whole, and not each token.
    var joinsTokens: Bool { get }
}

extension TokenDecoder {
    func bytes(of token: String) -> [UInt8] { Array(token.utf8) }
    func displayBytes(of token: String) -> [UInt8] { bytes(of: token) }
    var joinsTokens: Bool { false }
}

/// Decoding under way. Decoding tokens one by one or all at once gives the same text in the end.
protocol DecodingStage: Sendable {
    /// The text of the next parts, as far as it is settled.
    ///
    /// - Parameter isLast: whether nothing follows, so that all that was held back must come.
    mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart]
}

/// The text of a token, or a part of it that follows a part before.
struct DecodedPart: Sendable, Equatable {
    var text: String
    var beginsToken = true
}

/// A decoder that looks at every token by itself and remembers nothing.
protocol StatelessDecoder: TokenDecoder, DecodingStage {
    func decode(_ token: String) -> String
}

extension StatelessDecoder {
    func makeStage() -> any DecodingStage { self }

    func bytes(of token: String) -> [UInt8] { Array(decode(token).utf8) }

    func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
        parts.map { DecodedPart(text: decode($0.text), beginsToken: $0.beginsToken) }
    }
}

enum TokenDecoders {
    static let all: [any TokenDecoder.Type] = [
        WordPieceDecoder.self, ByteLevelDecoder.self, ByteFallback.self, Fuse.self, StripDecoder.self,
        ReplaceDecoder.self, MetaspaceDecoder.self, WordSuffixDecoder.self, DecoderSequence.self,
    ]

    static func read(_ value: JSONValue) throws(TokenizerError) -> any TokenDecoder {
        try value.stage(among: all) { $0.type }.init(reading: value)
    }
}
