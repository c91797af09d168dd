import AttentionJSON

/// A vocabulary of whole words: a word is its token, or the one for unknown words.
package struct WordLevel: TokenModel {
    package static let type = "WordLevel"

    package let vocabulary: Vocabulary
    private let unknownID: Int?

    package init(reading value: JSONValue) throws(TokenizerError) {
        vocabulary = try Vocabulary(reading: try value.required("vocab"))
        unknownID = vocabulary.id(of: try value.required("unk_token").string())
    }

    package func tokenize(
        _ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]
    ) throws(TokenizerError) {
        if let match = vocabulary.trie.longestMatch(in: text, range), match.end == range.upperBound {
            return pieces.append(Piece(id: Int(match.value), range: range))
        }
        // The vocabulary may lack the token that the file names for unknown words.
        guard let unknownID else { throw .unknownText(text[range].string) }
        pieces.append(Piece(id: unknownID, range: range))
    }
}
