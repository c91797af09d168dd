/// Makes any token safe and legible to print: what would move a cursor, reverse the text or show nothing
/// at all is written out, so that a token can neither garble a terminal nor pass for another one.
package enum VisibleText {
    /// More marks than any written language stacks on one letter; the rest would run over other lines.
    private static let longestCluster = 12

    /// The text with controls, bidirectional controls and invisible characters written out.
    package static func escape(_ text: String) -> String {
        if text.isEmpty { return "∅" }
        if text.allSatisfy({ $0 == " " }) { return String(repeating: "␣", count: text.count) }
        var result = ""
        for character in text {
            for (index, scalar) in character.unicodeScalars.enumerated() where index < longestCluster {
                append(scalar, isFirst: index == 0, to: &result)
            }
        }
        return result
    }

    /// How many columns of a terminal the text takes: two for East Asian wide characters and emoji.
    package static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    package static func width(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}") { return 2 }
        return isWide(first) ? 2 : 1
    }

    /// The text cut to a number of columns, its end replaced by `…` where something is missing.
    package static func shorten(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var result = ""
        var used = 1
        for character in text {
            used += width(character)
            if used > columns { break }
            result.append(character)
        }
        return result + "…"
    }

    private static func append(_ scalar: Unicode.Scalar, isFirst: Bool, to result: inout String) {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        // Joiners and tags are part of an emoji or a script inside a cluster, and invisible outside one.
        case "\u{200C}", "\u{200D}", "\u{E0020}"..."\u{E007F}":
            if isFirst { fallthrough }
            result.unicodeScalars.append(scalar)
        case _ where isUnseen(scalar):
            result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        case _ where isFirst && scalar.properties.canonicalCombiningClass != .notReordered:
            // A lone accent would sit on whatever was printed before it.
            result += "\u{25CC}"
            result.unicodeScalars.append(scalar)
        default: result.unicodeScalars.append(scalar)
        }
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate:
            true
        default: scalar.properties.isDefaultIgnorableCodePoint && !scalar.properties.isVariationSelector
        }
    }

    /// East Asian Width W and F (Unicode Standard Annex 11), in the blocks that hold them.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
            0x1F200...0x1F2FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
