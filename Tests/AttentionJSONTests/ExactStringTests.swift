import AttentionJSON
import Testing

/// Texts that `String` holds to be equal are told apart by their scalars.
struct ExactStringTests {
    static let pairs: [(String, String)] = [
        ("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"), ("\u{2126}", "\u{3A9}"),
        ("\u{AC00}", "\u{1100}\u{1161}"),
    ]

    @Test(arguments: pairs)
    func canonicallyEquivalentTextsDiffer(_ left: String, _ right: String) {
        #expect(left == right, "the pair tests nothing unless String holds it to be equal")
        let (left, right) = (ExactString(left), ExactString(right))
        #expect(left != right)
        #expect(Set([left, right]).count == 2)
        #expect((left < right) != (right < left))
    }

    @Test
    func equalScalarsAreEqualWhateverTheStorage() {
        let bridged = ExactString(String("prefix-caf\u{E9}-suffix".dropFirst(7).dropLast(7)))
        #expect(bridged == "caf\u{E9}")
        #expect(bridged.hashValue == ExactString("caf\u{E9}").hashValue)
    }
}
