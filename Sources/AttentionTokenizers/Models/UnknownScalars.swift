/// The treatment of scalars that no token stands for.
struct UnknownScalars: Sendable {
    /// The id of a piece that is no token.
    static let id: Int32 = -1

    /// The tokens `<0x00>` to `<0xFF>`, where the model falls back to a scalar's bytes.
    var byteIDs: [Int?] = []
    /// The token for anything unknown.
    var unknownID: Int?
    /// Whether neighbouring unknown pieces are one.
    var areFused = false

    /// Whether they vanish, as there is no token to stand for them.
    var areDropped: Bool { byteIDs.isEmpty && unknownID == nil }

    /// The bytes' tokens of a vocabulary.
    static func byteIDs(in vocabulary: Vocabulary) -> [Int?] {
        (0...255).map { byte in
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            return vocabulary.id(of: "<0x" + (byte < 16 ? "0" : "") + hexadecimal + ">")
        }
    }

    /// Replaces every piece of a negative id.
    ///
    /// - Throws: ``TokenizerError/unknownText(_:)`` where nothing stands for it.
    func resolve(
        _ pieces: inout [Piece], from first: Int, in text: AlignedText
    ) throws(TokenizerError) {
        let symbols = Array(pieces[first...])
        pieces.removeLast(symbols.count)
        var unknown: Range<Int>?
        for symbol in symbols {
            if symbol.id >= 0 {
                try flush(&unknown, to: &pieces, in: text)
                pieces.append(symbol)
            } else if let ids = bytes(of: text[symbol.range]) {
                try flush(&unknown, to: &pieces, in: text)
                for id in ids { pieces.append(Piece(id: id, range: symbol.range)) }
            } else {
                if !areFused { try flush(&unknown, to: &pieces, in: text) }
                unknown = (unknown?.lowerBound ?? symbol.range.lowerBound)..<symbol.range.upperBound
            }
        }
        try flush(&unknown, to: &pieces, in: text)
    }

    private func flush(
        _ unknown: inout Range<Int>?, to pieces: inout [Piece], in text: AlignedText
    ) throws(TokenizerError) {
        guard let range = unknown else { return }
        guard let unknownID else { throw .unknownText(text[range].string) }
        pieces.append(Piece(id: unknownID, range: range))
        unknown = nil
    }

    /// The tokens of all bytes of a text; nil where one is missing.
    func bytes(of text: AlignedText.SubSequence) -> [Int]? {
        guard !byteIDs.isEmpty else { return nil }
        var ids: [Int] = []
        for aligned in text {
            for byte in UTF8.encode(aligned.scalar) ?? UTF8.encodedReplacementCharacter {
                guard let id = byteIDs[Int(byte)] else { return nil }
                ids.append(id)
            }
        }
        return ids
    }
}
