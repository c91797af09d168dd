import AttentionJSON

/// Unigram: of all ways to cut a text into pieces, the most probable, where a text's probability is the
/// product of its pieces'.
///
/// The best way to every place is found from left to right (Viterbi), so that the work is at most the
/// text's length times the longest piece's.
///
/// - Note: Kudo, "Subword Regularization" (2018), section 3.2.
package struct Unigram: TokenModel {
    package static let type = "Unigram"

    package let vocabulary: Vocabulary
    /// The pieces that text is cut into.
    private let trie: TokenTrie
    /// The logarithm of each token's probability, by its id.
    private let scores: [Double]
    private let unknown: UnknownScalars
    private let unknownScore: Double
    /// Whether sums are rounded to single precision, as SentencePiece's are.
    private let roundsToFloat: Bool

    package var surfaceID: Int? { roundsToFloat ? nil : unknown.unknownID }

    /// - Parameters:
    ///   - trie: the pieces that text is cut into, with their ids.
    ///   - scores: one for each id that the trie has.
    ///   - leastScore: the lowest score; what is unknown costs 10 more.
    init(
        vocabulary: Vocabulary, trie: TokenTrie, scores: [Double], leastScore: Double,
        unknown: UnknownScalars, roundsToFloat: Bool
    ) {
        self.vocabulary = vocabulary
        self.trie = trie
        self.scores = scores
        self.unknown = unknown
        unknownScore = leastScore - 10
        self.roundsToFloat = roundsToFloat
    }

    package init(reading value: JSONValue) throws(TokenizerError) {
        let field = try value.required("vocab")
        var tokens: [String] = []
        var scores: [Double] = []
        for element in try field.array() {
            let pair = try element.array()
            guard pair.count == 2, let score = pair[1].doubleValue, score.isFinite else {
                throw element.invalid("must hold a token and its score")
            }
            tokens.append(try pair[0].string())
            scores.append(score)
        }
        let vocabulary = try Vocabulary(tokens: tokens, file: value.document.name) { "model.vocab[\($0)]" }
        var unknown = UnknownScalars()
        if let field = try value.optional("unk_id") {
            let id = try field.count()
            guard id < tokens.count else {
                throw field.invalid("is \(id) in a vocabulary of \(tokens.count)")
            }
            unknown.unknownID = id
        }
        if try value.optional("byte_fallback")?.bool() ?? false {
            unknown.byteIDs = UnknownScalars.byteIDs(in: vocabulary)
        }
        self.init(
            vocabulary: vocabulary, trie: vocabulary.trie, scores: scores, leastScore: scores.min() ?? 0,
            unknown: unknown, roundsToFloat: false)
    }

    package func tokenize(
        _ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]
    ) throws(TokenizerError) {
        let path = bestPath(text, range)
        let first = pieces.count
        var end = range.upperBound
        while end > range.lowerBound {
            let step = path[end - range.lowerBound]
            let start = range.lowerBound + Int(step.start)
            if step.id < 0, let last = pieces.last, pieces.count > first, last.id < 0 {
                // Neighbouring unknown pieces are one.
                pieces[pieces.count - 1] = Piece(id: last.id, range: start..<last.range.upperBound)
            } else {
                pieces.append(Piece(id: Int(step.id), range: start..<end))
            }
            end = start
        }
        pieces[first...].reverse()
        if pieces[first...].contains(where: { $0.id < 0 }) {
            try unknown.resolve(&pieces, from: first, in: text)
        }
    }

    /// The end of the best way to a place: its last piece, and the score of the whole way.
    private struct Step {
        var start: Int32
        var id: Int32
        var score: Double
    }

    private func bestPath(_ text: AlignedText, _ range: Range<Int>) -> [Step] {
        var path = [Step](
            repeating: Step(start: -1, id: UnknownScalars.id, score: 0), count: range.count + 1)
        for place in 0..<range.count {
            let before = path[place].score
            func offer(_ id: Int32, _ score: Double, to end: Int) {
                let sum = roundsToFloat ? Double(Float(before + score)) : before + score
                if path[end].start < 0 || sum > path[end].score {
                    path[end] = Step(start: Int32(place), id: id, score: sum)
                }
            }
            var node = TokenTrie.root
            var hasSingle = false
            for index in range.lowerBound + place..<range.upperBound {
                guard let next = trie.child(of: node, scalar: text[index].scalar) else { break }
                node = next
                let id = trie.value(at: node)
                guard id >= 0 else { continue }
                let end = index + 1 - range.lowerBound
                offer(id, scores[Int(id)], to: end)
                hasSingle = hasSingle || end == place + 1
            }
            if !hasSingle { offer(UnknownScalars.id, unknownScore, to: place + 1) }
        }
        return path
    }
}
