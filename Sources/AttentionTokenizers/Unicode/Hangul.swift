/// The arithmetic of Hangul syllables (Unicode Standard, section 3.12).
enum Hangul {
    private static let base: UInt32 = 0xAC00
    private static let vowelCount: UInt32 = 21
    private static let finalCount: UInt32 = 28

    static let initials: ClosedRange<UInt32> = 0x1100...0x1112
    static let vowels: ClosedRange<UInt32> = 0x1161...0x1175
    static let finals: ClosedRange<UInt32> = 0x11A8...0x11C2
    static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3

    /// Passes the letters of a syllable; false where `scalar` is none.
    static func decompose(_ scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Void) -> Bool {
        guard syllables.contains(scalar.value) else { return false }
        let index = scalar.value - base
        let letters = [
            initials.lowerBound + index / (vowelCount * finalCount),
            vowels.lowerBound + index % (vowelCount * finalCount) / finalCount,
            finals.lowerBound - 1 + index % finalCount,
        ]
        for letter in letters.prefix(index % finalCount == 0 ? 2 : 3) {
            if let letter = Unicode.Scalar(letter) { body(letter) }
        }
        return true
    }

    /// A letter pair, or a syllable without a final and a final, as one syllable.
    static func compose(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if initials.contains(first.value), vowels.contains(second.value) {
            let initial = first.value - initials.lowerBound
            let vowel = second.value - vowels.lowerBound
            return Unicode.Scalar(base + (initial * vowelCount + vowel) * finalCount)
        }
        guard syllables.contains(first.value), finals.contains(second.value),
            (first.value - base) % finalCount == 0
        else { return nil }
        return Unicode.Scalar(first.value + second.value - finals.lowerBound + 1)
    }
}
