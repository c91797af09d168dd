import AttentionJSON
import Foundation

/// The bitmap font of PNG pictures: Latin, Greek and Cyrillic letters, kana, Hangul, common Chinese
/// characters, signs and symbols.
///
/// The glyphs come from Terminus Font and GNU Unifont; see `PictureFontData`, which
/// `Scripts/picture_font.py` writes. A terminal's column is ``columnWidth`` pixels wide. Scripts whose
/// letters join, stack or run from the right have no glyphs here, because glyphs are placed one after
/// another.
struct PictureFont: Sendable {
    /// The pixels of one column; a wide character takes two columns.
    static let columnWidth = 12
    /// The pixels of a glyph above the baseline, in the larger font.
    private static let ascent = 19

    /// Rows of bits, with the leftmost pixel in the highest bit.
    struct Glyph {
        let width: Int
        let rows: [UInt16]

        /// The pixels with ink, from the glyph's left edge and from the baseline downwards. Small glyphs
        /// stand in the middle of their columns.
        func ink(inColumns columns: Int) -> [(x: Int, y: Int)] {
            let left = max(0, (columns * PictureFont.columnWidth - width) / 2)
            let top = rows.count == 24 ? -PictureFont.ascent : -14
            return rows.enumerated().flatMap { line, bits in
                (0..<width).filter { bits >> UInt16(width - 1 - $0) & 1 == 1 }.map { (left + $0, top + line) }
            }
        }
    }

    /// Consecutive code points whose glyphs have one size.
    private struct Run {
        let first, count, width, start: Int
        var rows: Int { width == PictureFont.columnWidth ? 24 : 16 }
        var size: Int { width * rows / 8 }
    }

    /// The font, unpacked at its first use.
    static let shared = PictureFont()

    private let runs: [Run]
    private let bytes: [UInt8]

    private init() {
        let packed = Data(base64Encoded: PictureFontData.base64, options: .ignoreUnknownCharacters)
        bytes = packed.flatMap { Inflate.zlib([UInt8]($0)) } ?? [0, 0]
        let count = Int(bytes[0]) | Int(bytes[1]) << 8
        var runs: [Run] = []
        var start = 2 + 5 * count
        for index in 0..<count {
            let entry = bytes[(2 + 5 * index)...].prefix(5).map { Int($0) }
            let run = Run(
                first: entry[0] | entry[1] << 8, count: entry[2] | entry[3] << 8, width: entry[4],
                start: start)
            start += run.count * run.size
            runs.append(run)
        }
        self.runs = runs
    }

    /// The glyph of a scalar; nil: none.
    func glyph(of scalar: Unicode.Scalar) -> Glyph? {
        let code = Int(scalar.value)
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].first + runs[middle].count <= code { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, code >= runs[low].first else { return nil }
        let run = runs[low]
        let glyph = bytes[(run.start + (code - run.first) * run.size)...].prefix(run.size)
        var (rows, bits, count): ([UInt16], UInt32, Int) = ([], 0, 0)
        for byte in glyph {
            (bits, count) = (bits << 8 | UInt32(byte), count + 8)
            while count >= run.width {
                count -= run.width
                rows.append(UInt16(truncatingIfNeeded: bits >> UInt32(count) & (1 << UInt32(run.width) - 1)))
            }
        }
        return Glyph(width: run.width, rows: rows)
    }

    /// The glyphs that a character is drawn with, marks above their letter; nil if one is missing.
    func glyphs(of character: Character) -> [Glyph]? {
        var glyphs: [Glyph] = []
        let composed = String(character).precomposedStringWithCanonicalMapping
        for scalar in composed.unicodeScalars where scalar != "\u{FE0F}" && scalar != "\u{FE0E}" {
            if scalar == " " { continue }
            guard let glyph = glyph(of: scalar) else { return nil }
            glyphs.append(glyph)
        }
        return glyphs
    }

    /// The text with every character that has no glyph written as its code points.
    static func spell(_ text: String) -> String {
        text.map { character in
            if shared.glyphs(of: character) != nil { return String(character) }
            return character.unicodeScalars.map { scalar in
                scalar.isASCII
                    ? String(scalar) : "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            }.joined()
        }.joined()
    }
}

extension AttentionMap {
    /// The scripts of the text and the tokens that ``png(_:hiding:)`` cannot draw, such as "Arabic" or
    /// "emoji", in alphabetical order. Their characters appear in the picture as code points; every other
    /// view shows them.
    public var scriptsWithoutGlyphs: [String] {
        var names: Set<ExactString> = []
        for text in [text, continuation ?? ""] + (queries + keys).map(\.text) {
            for character in VisibleText.line(text) where PictureFont.shared.glyphs(of: character) == nil {
                for scalar in character.unicodeScalars where PictureFont.shared.glyph(of: scalar) == nil {
                    if let name = Self.script(of: scalar) { names.insert(ExactString(name)) }
                }
            }
        }
        return names.sorted().map(\.string)
    }

    /// The script's name, from the first word of the character's name; nil for what shows nothing by itself.
    private static func script(of scalar: Unicode.Scalar) -> String? {
        if scalar.properties.isEmoji { return "emoji" }
        if scalar.properties.isIdeographic { return "rare Chinese characters" }
        if scalar.properties.isDefaultIgnorableCodePoint { return nil }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber:
            break
        default: return "symbols"
        }
        guard let name = scalar.properties.name,
            let word = ExactString(name).split(separator: " ").first?.string
        else { return "symbols" }
        return word.prefix(1) + word.dropFirst().lowercased()
    }
}
