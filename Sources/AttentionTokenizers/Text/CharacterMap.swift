/// SentencePiece's table of what texts are normalised to: a trie of the texts, in a double array, and behind
/// it the texts that they become, each ended by a zero.
///
/// The table comes from a file. Whatever it holds, following it stays within it.
///
/// - Note: Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure" (1989).
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    /// - Throws: `Malformed` unless the table's parts have the lengths that they say.
    init(_ bytes: [UInt8]) throws(Malformed) {
        guard bytes.count >= 4 else { throw Malformed(reason: "has \(bytes.count) bytes") }
        let length = Int(Self.number(bytes[0..<4]))
        guard length > 0, length % 4 == 0, length <= bytes.count - 4 else {
            throw Malformed(reason: "has \(bytes.count) bytes and says that its trie has \(length)")
        }
        units = stride(from: 4, to: 4 + length, by: 4).map { Self.number(bytes[$0..<$0 + 4]) }
        texts = Array(bytes[(4 + length)...])
    }

    struct Malformed: Error {
        let reason: String
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    enum Choice { case shortest, longest }

    /// The text at the beginning of a stretch that the table has: where it ends, and what it becomes.
    func match(
        _ text: AlignedText.SubSequence, _ choice: Choice
    ) -> (end: Int, text: String)? {
        var place = offset(of: units[0])
        var match: (end: Int, value: Int)?
        scalars: for index in text.indices {
            for byte in UTF8.encode(text[index].scalar) ?? UTF8.encodedReplacementCharacter {
                place ^= Int(byte)
                guard byte != 0, place < units.count, label(of: units[place]) == UInt32(byte) else {
                    break scalars
                }
                let unit = units[place]
                place ^= offset(of: unit)
                guard place < units.count else { break scalars }
                if unit >> 8 & 1 == 1 {
                    match = (index + 1, Int(units[place] & 0x7FFF_FFFF))
                    if choice == .shortest { break scalars }
                }
            }
        }
        return match.map { ($0.end, self.text(at: $0.value)) }
    }

    private func label(of unit: UInt32) -> UInt32 { unit & 0x8000_00FF }

    private func offset(of unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }

    private func text(at start: Int) -> String {
        guard start < texts.count else { return "" }
        return String(decoding: texts[start...].prefix { $0 != 0 }, as: UTF8.self)
    }
}
