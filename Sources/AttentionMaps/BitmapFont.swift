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
        0x0000_0000_0000, 0x0001_0042_1084, 0x0000_0000_294A, 0x0002_95F5_7D4A, 0x0001_1F47_17C4,
        0x0006_7222_2273,
        0x0005_9351_1526, 0x0000_0000_1084, 0x0002_0821_0888, 0x0000_8884_2082, 0x0000_0957_5480,
        0x0000_084F_9080,
        0x0221_8C00_0000, 0x0000_000F_8000, 0x0001_8C00_0000, 0x0000_4222_2210, 0x0003_A33A_E62E,
        0x0003_8842_10C4,
        0x0007_C444_422E, 0x0003_E107_420F, 0x0002_11F4_A988, 0x0003_A308_3C3F, 0x0003_A317_844C,
        0x0000_8442_221F,
        0x0003_A317_462E, 0x0001_910F_462E, 0x0000_0C60_18C0, 0x0221_8C00_18C0, 0x0002_0820_8888,
        0x0000_01F0_7C00,
        0x0000_8888_2082, 0x0001_0044_422E, 0x0003_83DA_F62E, 0x0004_63F8_C544, 0x0003_E317_C62F,
        0x0003_A210_862E,
        0x0001_D318_C527, 0x0007_C217_843F, 0x0000_4217_843F, 0x0003_A31E_862E, 0x0004_631F_C631,
        0x0003_8842_108E,
        0x0001_9284_211C, 0x0004_5251_9531, 0x0007_C210_8421, 0x0004_631A_D771, 0x0004_739A_CE71,
        0x0003_A318_C62E,
        0x0000_4217_C62F, 0x0005_9358_C62E, 0x0004_5257_C62F, 0x0003_E107_043E, 0x0001_0842_109F,
        0x0003_A318_C631,
        0x0001_14A8_C631, 0x0004_775A_C631, 0x0004_62A2_2A31, 0x0001_0842_2A31, 0x0007_C222_221F,
        0x0003_8421_084E,
        0x0004_2082_0821, 0x0003_9084_210E, 0x0000_0000_4544, 0x00F8_0000_0000, 0x0000_0000_0082,
        0x0007_A3E8_3800,
        0x0003_E318_BC21, 0x0007_8210_F800, 0x0007_A318_FA10, 0x0003_83F8_B800, 0x0000_8427_8A4C,
        0x0E87_A318_F800,
        0x0004_6318_BC21, 0x0003_8842_1804, 0x064A_1084_3008, 0x0002_4A32_A421, 0x0003_8842_1086,
        0x0005_6B5A_AC00,
        0x0004_6318_BC00, 0x0003_A318_B800, 0x010B_E318_BC00, 0x1087_A318_F800, 0x0000_4219_B400,
        0x0003_E0E0_F800,
        0x0003_2421_3C42, 0x0007_A318_C400, 0x0001_1518_C400, 0x0002_AB5A_C400, 0x0004_5445_4400,
        0x0E87_A318_C400,
        0x0007_C444_7C00, 0x0002_0841_1088, 0x0001_0842_1084, 0x0000_8844_1082, 0x0000_009A_C800,
    ]
}
