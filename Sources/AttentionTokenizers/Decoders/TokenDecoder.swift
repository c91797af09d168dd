import AttentionJSON

/// The last stage, the other way: makes text of tokens.
///
/// A new decoder is one file beside this one and its line in ``TokenDecoders/all``.
protocol TokenDecoder: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    init(reading value: JSONValue) throws(TokenizerError)

    func decode(_ tokens: [String]) -> String
}

enum TokenDecoders {
    static let all: [any TokenDecoder.Type] = [WordPieceDecoder.self]

    static func read(_ value: JSONValue) throws(TokenizerError) -> any TokenDecoder {
        try value.stage(among: all) { $0.type }.init(reading: value)
    }
}
