import AttentionJSON
import Foundation

/// SentencePiece's normalisation as the reference applies it: to characters with all their marks where they
/// are short, and else scalar by scalar.
struct Precompiled: TextNormalizer {
    static let type = "Precompiled"

    private let map: CharacterMap
    /// The greatest number of UTF-8 bytes of a character that is looked up as a whole.
    private static let longestCharacter = 5

    init(reading value: JSONValue) throws(TokenizerError) {
        let field = try value.required("precompiled_charsmap")
        guard let bytes = Data(base64Encoded: try field.string()) else {
            throw field.invalid("is not base 64")
        }
        do throws(CharacterMap.Malformed) {
            map = try CharacterMap([UInt8](bytes))
        } catch {
            throw field.invalid(error.reason)
        }
    }

    func normalize(_ text: inout AlignedText) {
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(text.count)
        var start = 0
        for character in text.string {
            let end = start + character.unicodeScalars.count
            let isShort = character.utf8.count <= Self.longestCharacter
            if !(isShort && append(text[start..<end], to: &changes)) {
                for index in start..<end where !append(text[index...index], to: &changes) {
                    changes.append(.init(scalar: text[index].scalar, delta: 0))
                }
            }
            start = end
        }
        text.replace(with: changes)
    }

    /// Appends what a part of the text becomes; false where the table does not have it.
    private func append(_ part: AlignedText.SubSequence, to changes: inout [AlignedText.Change]) -> Bool {
        guard let match = map.match(part, .shortest) else { return false }
        let scalars = Array(match.text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            changes.append(.init(scalar: scalar, delta: index < part.count ? 0 : 1))
        }
        // The last scalar that is left counts the scalars that are gone.
        if scalars.count < part.count, let last = changes.indices.last {
            changes[last].delta -= part.count - scalars.count
        }
        return true
    }
}
