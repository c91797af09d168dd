extension Unigram {
    /// The model of SentencePiece's own files, whose sums are in single precision.
    init(
        vocabulary: Vocabulary, pieces model: SentencePieceModel, unknown: UnknownScalars, file: String
    ) throws(TokenizerError) {
        let trie = try TokenTrie(of: model, file: file) { $0 == .normal || $0 == .userDefined }
        let normal = model.pieces.lazy.filter { $0.kind == .normal }.map(\.score)
        // SentencePiece looks for the greatest score from the smallest positive number on.
        let greatest = Swift.max(normal.max() ?? 0, Float.leastNormalMagnitude)
        let scores = model.pieces.map { piece in
            // A user's piece is better than anything that it could be cut into.
            piece.kind == .userDefined
                ? Double(Float(piece.text.utf8.count) * greatest - 0.1) : Double(piece.score)
        }
        self.init(
            vocabulary: vocabulary, trie: trie ?? TokenTrie(), scores: scores,
            leastScore: Double(normal.min() ?? 0), unknown: unknown, roundsToFloat: true)
    }
}

extension BytePairEncoding {
    /// The greatest number of scalars in a piece; SentencePiece itself makes none of more than 512.
    private static let longestPiece = 512

    /// The model of SentencePiece's own files, which list no merges: any two neighbours that are a piece
    /// together may be joined, the piece of the highest score first.
    init(
        vocabulary: Vocabulary, pieces model: SentencePieceModel, unknown: UnknownScalars, file: String
    ) throws(TokenizerError) {
        let ranks = Self.ranks(of: model.pieces)
        var parts: [Unicode.Scalar: Int32] = [:]
        var found: [(left: Int32, right: Int32, merge: MergeTable.Merge)] = []
        var cuts = vocabulary.id(of: "▁") != nil

        /// The number that a text merges by: a normal piece's id, or one for a scalar that is none.
        func symbol(_ text: ArraySlice<Unicode.Scalar>) -> Int32? {
            if let id = vocabulary.trie.value(of: text), model.pieces[Int(id)].kind == .normal { return id }
            guard text.count == 1, let scalar = text.first else { return nil }
            if let part = parts[scalar] { return part }
            parts[scalar] = -2 - Int32(parts.count)
            return parts[scalar]
        }

        for (id, piece) in model.pieces.enumerated() where piece.kind == .normal {
            let scalars = Array(piece.text.unicodeScalars)
            guard scalars.count <= Self.longestPiece else {
                throw .invalidValue(
                    file: file, field: "pieces[\(id)]",
                    reason: "has more than \(Self.longestPiece) characters")
            }
            for seam in scalars.indices.dropFirst() {
                if scalars[seam] == "▁", scalars[seam - 1] != "▁" { cuts = false }
                guard let left = symbol(scalars[..<seam]), let right = symbol(scalars[seam...]) else {
                    continue
                }
                found.append((left, right, .init(rank: ranks[id], id: Int32(id))))
            }
        }
        var merges = MergeTable(capacity: found.count)
        for (left, right, merge) in found { merges.insert(left, right, merge) }
        self.init(vocabulary: vocabulary, merges: merges, unknown: unknown)
        partIDs = parts
        cutsBeforeSpaces = cuts
    }

    /// The place of every piece's score among all scores, the highest first.
    private static func ranks(of pieces: [SentencePieceModel.Piece]) -> [UInt32] {
        let order = pieces.indices.sorted { (-pieces[$0].score, $0) < (-pieces[$1].score, $1) }
        var ranks = [UInt32](repeating: 0, count: pieces.count)
        for (previous, next) in zip(order, order.dropFirst()) {
            ranks[next] = ranks[previous] + (pieces[next].score == pieces[previous].score ? 0 : 1)
        }
        return ranks
    }
}
