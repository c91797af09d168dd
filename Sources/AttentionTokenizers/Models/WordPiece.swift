import AttentionJSON

/// WordPiece: cuts a word greedily into the longest pieces that the vocabulary has, from left to right.
///
/// A word of which any part has no piece is unknown as a whole. The pieces are followed in a trie, so that
/// a word costs at most its length times the longest entry's, however long the word.
///
/// - Note: Wu et al., "Google's Neural Machine Translation System" (2016), section 4.1; as in BERT.
package struct WordPiece: TokenModel {
    package static let type = "WordPiece"

    package let vocabulary: Vocabulary
    private let unknownID: Int
    private let longestWord: Int
    /// The node where the pieces begin that continue a word; nil where the vocabulary has none.
    private let continuation: TokenTrie.Node?

    /// - Parameters:
    ///   - unknownID: the id of the token for unknown words.
    ///   - continuingPrefix: what the pieces begin with that continue a word, such as `##`.
    ///   - longestWord: a word of more scalars than this is unknown.
    package init(vocabulary: Vocabulary, unknownID: Int, continuingPrefix: String, longestWord: Int) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.longestWord = longestWord
        continuation = vocabulary.trie.node(of: continuingPrefix)
    }

    package init(reading value: JSONValue) throws(TokenizerError) {
        let vocabulary = try Vocabulary(reading: try value.required("vocab"))
        let unknown = try value.required("unk_token")
        guard let unknownID = vocabulary.id(of: try unknown.string()) else {
            throw unknown.unknownToken(try unknown.string())
        }
        let longest = try value.required("max_input_chars_per_word")
        guard let longestWord = try longest.integer(), longestWord >= 0 else {
            throw longest.invalid("must be a whole number, 0 or greater")
        }
        self.init(
            vocabulary: vocabulary, unknownID: unknownID,
            continuingPrefix: try value.required("continuing_subword_prefix").string(),
            longestWord: longestWord)
    }

    package func tokenize(_ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]) {
        guard range.count <= longestWord else {
            return pieces.append(Piece(id: unknownID, range: range))
        }
        let count = pieces.count
        var start = range.lowerBound
        while start < range.upperBound {
            let node = start == range.lowerBound ? TokenTrie.root : continuation
            guard let node,
                let match = vocabulary.trie.longestMatch(in: text, start..<range.upperBound, from: node)
            else {
                pieces.removeLast(pieces.count - count)
                return pieces.append(Piece(id: unknownID, range: range))
            }
            pieces.append(Piece(id: Int(match.value), range: start..<match.end))
            start = match.end
        }
    }
}
