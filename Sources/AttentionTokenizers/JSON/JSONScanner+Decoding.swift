extension JSONScanner {
    static func hexadecimal(_ byte: UInt8) -> UInt16? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt16($0) }
    }

    static func unit(_ digits: some Sequence<UInt8>) -> UInt16 {
        digits.reduce(0) { $0 << 4 | (hexadecimal($1) ?? 0) }
    }

    /// The text of a string's bytes, whose escapes have been checked.
    static func unescape(_ content: ArraySlice<UInt8>) -> String {
        var units: [UInt16] = []
        var result = ""
        var index = content.startIndex
        while index < content.endIndex {
            let start = index
            while index < content.endIndex, content[index] != UInt8(ascii: "\\") { index += 1 }
            result += String(decoding: content[start..<index], as: UTF8.self)
            units.removeAll()
            while index + 1 < content.endIndex, content[index] == UInt8(ascii: "\\") {
                units.append(unescapeUnit(content, &index))
            }
            result += String(decoding: units, as: UTF16.self)
        }
        return result
    }

    private static func unescapeUnit(_ content: ArraySlice<UInt8>, _ index: inout Int) -> UInt16 {
        let escape = content[index + 1]
        index += 2
        switch escape {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            defer { index += 4 }
            return unit(content[index..<index + 4])
        default: return UInt16(escape)
        }
    }
}
