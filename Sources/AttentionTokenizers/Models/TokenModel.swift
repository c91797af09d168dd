import AttentionJSON

/// The third stage: cuts a word into the pieces of a vocabulary.
///
/// A new model is one file beside this one and its line in ``TokenModels/all``.
package protocol TokenModel: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    init(reading value: JSONValue) throws(TokenizerError)

    var vocabulary: Vocabulary { get }

    /// The token whose text in an encoding is what stands in the text; nil where there is none.
    var surfaceID: Int? { get }

    /// Appends the pieces of the word that stands at `range`.
    ///
    /// - Throws: ``TokenizerError/unknownText(_:)`` where nothing in the vocabulary can stand for it.
    func tokenize(
        _ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]
    ) throws(TokenizerError)
}

extension TokenModel {
    package var surfaceID: Int? { nil }
}

/// A piece of a word: a token of the vocabulary, and the scalars that it stands for.
package struct Piece: Sendable {
    package let id: Int
    package let range: Range<Int>
}

package enum TokenModels {
    static let all: [any TokenModel.Type] = [
        WordPiece.self, BytePairEncoding.self, Unigram.self, WordLevel.self,
    ]

    package static func read(_ value: JSONValue) throws(TokenizerError) -> any TokenModel {
        guard try value.optional("type") != nil else { return try untyped(value) }
        return try value.stage(among: all) { $0.type }.init(reading: value)
    }

    /// A model of an old file, which does not say its type: the one whose fields are there.
    private static func untyped(_ value: JSONValue) throws(TokenizerError) -> any TokenModel {
        if try value.optional("merges") != nil { return try BytePairEncoding(reading: value) }
        if try value.optional("vocab")?.isArray ?? false { return try Unigram(reading: value) }
        let prefix = try value.optional("continuing_subword_prefix")
        let limit = try value.optional("max_input_chars_per_word")
        return prefix != nil && limit != nil ? try WordPiece(reading: value) : try WordLevel(reading: value)
    }
}
