import AttentionJSON

/// Text in a form that is safe and legible to print: characters that would move a cursor, reverse the text or
/// show nothing are written out, so that a token can neither garble a terminal nor pass for another one.
package enum VisibleText {
    /// More marks than any written language stacks on one letter; the rest would run over other lines.
    private static let longestCluster = 12

    /// The text with controls, bidirectional controls and invisible characters written out.
    package static func escape(_ text: String) -> String {
        if text.isEmpty { return "∅" }
        if text.unicodeScalars.allSatisfy({ $0 == " " }) { return String(repeating: "␣", count: text.count) }
        var result = ""
        for character in text {
            for (index, scalar) in character.unicodeScalars.enumerated() where index < longestCluster {
                append(scalar, isFirst: index == 0, to: &result)
            }
        }
        return result
    }

    /// The text with control characters written out, but for line feeds and tabs: what a terminal would take
    /// as commands is shown, and everything else is as it was.
    package static func writingOutControls(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isSteering) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isSteering(scalar) {
                append(scalar, isFirst: true, to: &result)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isSteering(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\n" && scalar != "\t" && scalar.properties.generalCategory == .control
    }

    /// A token as the label of a row or column: without the space that begins a word in most vocabularies,
    /// and with signs for line ends and tabs.
    package static func label(_ token: String) -> String {
        let scalars = token.unicodeScalars
        let isWord = scalars.first == " " && scalars.contains { $0 != " " }
        let signs = (isWord ? Substring(scalars.dropFirst()) : token[...]).map { character -> String in
            // exact-text: no other character equals the end of a line or a tab.
            switch character {
            case "\n", "\r\n": "↵"
            case "\t": "⇥"
            default: String(character)
            }
        }
        return escape(signs.joined())
    }

    /// A whole text on one line: line ends, tabs and runs of spaces become one space, and whatever else is
    /// unprintable is written out.
    package static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).map { escape(String($0)) }.joined(separator: " ")
    }

    /// A whole text with its own line ends but without empty lines, and whatever else is unprintable written
    /// out.
    package static func paragraph(_ text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        // Line ends at the beginning and the end stay: they stand between a prompt and its continuation.
        let kept = lines.indices.filter { [0, lines.count - 1].contains($0) || !lines[$0].isEmpty }
        return kept.map { index in
            let parts = ExactString(lines[index]).split(separator: "\t", omittingEmptySubsequences: false)
            return parts.map { part in
                part.unicodeScalars.allSatisfy { $0 == " " } ? part.string : escape(part.string)
            }.joined(separator: "    ")
        }.joined(separator: "\n")
    }

    /// Text in lines of at most `columns` columns, broken at spaces, or anywhere if a word is longer than a
    /// line. Where there are more lines than `limit`, the last one ends in `…`.
    package static func wrap(_ text: String, columns: Int, limit: Int = .max) -> [String] {
        var lines: [String] = []
        var (line, used) = ("", 0)
        func end() {
            lines.append(line)
            (line, used) = ("", 0)
        }
        for word in ExactString(text).split(separator: " ").map(\.string) {
            let width = width(word)
            if used > 0, used + 1 + width > columns { end() }
            if lines.count > limit { break }
            if used > 0 { (line, used) = (line + " ", used + 1) }
            for character in word {
                let width = Self.width(character)
                if used > 0, used + width > columns { end() }
                if lines.count > limit { break }
                line.append(character)
                used += width
            }
        }
        if !line.isEmpty { lines.append(line) }
        guard lines.count > limit else { return lines }
        return lines.prefix(limit - 1) + [shorten(lines[limit - 1] + " " + lines[limit], to: columns)]
    }

    /// The text as ``escape(_:)`` writes it, with spaces at its beginning and end as `␣`.
    package static func markSpaces(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let leading = scalars.prefix { $0 == " " }.count
        guard leading < scalars.count else { return escape(text) }
        let trailing = scalars.reversed().prefix { $0 == " " }.count
        let middle = String(scalars.dropFirst(leading).dropLast(trailing))
        return String(repeating: "␣", count: leading) + escape(middle)
            + String(repeating: "␣", count: trailing)
    }

    /// The columns of a terminal that the text takes: two for East Asian wide characters and emoji.
    package static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    /// How many columns a character takes. An emoji takes two, however many scalars it has; otherwise each
    /// scalar counts for itself, as terminals count (`wcwidth`): marks take none, unless they have a space of
    /// their own, and no character takes more than two.
    package static func width(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}") { return 2 }
        let sum = scalars.reduce(0) { $0 + (isZeroWidth($1) ? 0 : isWide($1) ? 2 : 1) }
        return min(sum, 2)
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
        case _ where isFirst && isMark(scalar):
            // A lone accent would sit on whatever was printed before it.
            result += "\u{25CC}"
            result.unicodeScalars.append(scalar)
        default: result.unicodeScalars.append(scalar)
        }
    }

    /// Whether a scalar belongs to the letter before it.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .spacingMark || isZeroWidth(scalar)
    }

    /// Whether a scalar takes no column: marks above and below, joiners, and the vowels and final consonants
    /// of Hangul syllables written in parts.
    private static func isZeroWidth(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: true
        default: (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FB).contains(scalar.value)
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
        case 0x1100...0x115F, 0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F, 0x2E80...0x303E,
            0x3041...0x3247, 0x3250...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE10...0xFE19,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
            0x1D300...0x1D356, 0x1D360...0x1D376, 0x1F200...0x1F2FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
