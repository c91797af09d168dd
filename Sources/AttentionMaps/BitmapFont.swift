/// A small font for pictures made of pixels: printable ASCII, drawn for this package.
///
/// Every glyph is 5 columns by 9 rows: 7 rows stand on the baseline and 2 hang below it. Bit
/// `row × 5 + column` is set where there is ink, with row 0 at the top and column 0 at the left.
enum BitmapFont {
    static let columns = 5
    static let rows = 9
    /// The pixels from one glyph to the next.
    static let advance = 6

    /// Where the glyph has ink, as (column, row). Beside printable ASCII there are the ellipsis of shortened
    /// labels and the open box that stands for a space; other characters have no glyph (see ``spell(_:)``).
    static func ink(of character: Character) -> [(column: Int, row: Int)] {
        if character == "…" { return [(0, 6), (2, 6), (4, 6)] }
        if character == "␣" { return [(0, 6), (0, 7), (1, 7), (2, 7), (3, 7), (4, 7), (4, 6)] }
        guard let ascii = character.asciiValue, (32...126).contains(ascii) else { return [] }
        let glyph = glyphs[Int(ascii) - 32]
        return (0..<columns * rows).filter { glyph >> UInt64($0) & 1 == 1 }
            .map { ($0 % columns, $0 / columns) }
    }

    /// The text with every character that has no glyph written as its code points.
    static func spell(_ text: String) -> String {
        text.map { character in
            if character == "…" || character == "␣" { return String(character) }
            return character.unicodeScalars.map { scalar in
                (32...126).contains(scalar.value)
                    ? String(scalar) : "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            }.joined()
        }.joined()
    }

    /// The glyphs of U+0020 to U+007E.
    private static let glyphs: [UInt64] = [
        0x000000000000, 0x000100421084, 0x00000000294A, 0x000295F57D4A, 0x00011F4717C4, 0x000672222273,
        0x000593511526, 0x000000001084, 0x000208210888, 0x000088842082, 0x000009575480, 0x0000084F9080,
        0x02218C000000, 0x0000000F8000, 0x00018C000000, 0x000042222210, 0x0003A33AE62E, 0x0003884210C4,
        0x0007C444422E, 0x0003E107420F, 0x000211F4A988, 0x0003A3083C3F, 0x0003A317844C, 0x00008442221F,
        0x0003A317462E, 0x0001910F462E, 0x00000C6018C0, 0x02218C0018C0, 0x000208208888, 0x000001F07C00,
        0x000088882082, 0x00010044422E, 0x000383DAF62E, 0x000463F8C544, 0x0003E317C62F, 0x0003A210862E,
        0x0001D318C527, 0x0007C217843F, 0x00004217843F, 0x0003A31E862E, 0x0004631FC631, 0x00038842108E,
        0x00019284211C, 0x000452519531, 0x0007C2108421, 0x0004631AD771, 0x0004739ACE71, 0x0003A318C62E,
        0x00004217C62F, 0x00059358C62E, 0x00045257C62F, 0x0003E107043E, 0x00010842109F, 0x0003A318C631,
        0x000114A8C631, 0x0004775AC631, 0x000462A22A31, 0x000108422A31, 0x0007C222221F, 0x00038421084E,
        0x000420820821, 0x00039084210E, 0x000000004544, 0x00F800000000, 0x000000000082, 0x0007A3E83800,
        0x0003E318BC21, 0x00078210F800, 0x0007A318FA10, 0x000383F8B800, 0x000084278A4C, 0x0E87A318F800,
        0x00046318BC21, 0x000388421804, 0x064A10843008, 0x00024A32A421, 0x000388421086, 0x00056B5AAC00,
        0x00046318BC00, 0x0003A318B800, 0x010BE318BC00, 0x1087A318F800, 0x00004219B400, 0x0003E0E0F800,
        0x000324213C42, 0x0007A318C400, 0x00011518C400, 0x0002AB5AC400, 0x000454454400, 0x0E87A318C400,
        0x0007C4447C00, 0x000208411088, 0x000108421084, 0x000088441082, 0x0000009AC800,
    ]
}
