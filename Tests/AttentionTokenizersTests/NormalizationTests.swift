import AttentionTokenizers
import Foundation
import Testing

/// Unicode's normalisation forms, beside Foundation's.
@Suite struct NormalizationTests {
    private func normalized(_ text: String, _ form: some TextNormalizer) throws -> [Unicode.Scalar] {
        var aligned = try AlignedText(text)
        try form.normalize(&aligned)
        return aligned.map(\.scalar)
    }

    /// A letter and one mark, which alone makes the text one to be changed.
    @Test func aLetterAndAMark() throws {
        let letters = (UInt32(0x41)...0x17F).compactMap(Unicode.Scalar.init).filter(\.properties.isAlphabetic)
        for mark in (UInt32(0x300)...0x345).compactMap(Unicode.Scalar.init) {
            for letter in letters {
                let text = String(String.UnicodeScalarView([letter, mark]))
                let composed = Array(text.precomposedStringWithCanonicalMapping.unicodeScalars)
                let decomposed = Array(text.decomposedStringWithCanonicalMapping.unicodeScalars)
                #expect(try normalized(text, NFC()) == composed, "\(letter) and \(mark.value)")
                #expect(try normalized(text, NFD()) == decomposed, "\(letter) and \(mark.value)")
            }
        }
    }
}
