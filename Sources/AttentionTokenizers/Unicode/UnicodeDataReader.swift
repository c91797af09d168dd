/// Reads the numbers of ``UnicodeData``'s text form.
///
/// The tables are this package's own constants, so a malformed one is a programmer's mistake.
struct UnicodeDataReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ text: StaticString) {
        bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Skips white space and says whether anything is left.
    mutating func hasMore() -> Bool {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
        return position < bytes.count
    }

    /// Reads a hexadecimal number.
    mutating func number() -> UInt32 {
        var value: UInt32 = 0
        let start = position
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
            value = value << 4 | digit
            position += 1
        }
        precondition(position > start, "Unicode data: a hexadecimal number is missing")
        return value
    }

    /// Reads `first` or `first-last`.
    mutating func range() -> ClosedRange<UInt32> {
        let first = number()
        return first...(accept("-") ? number() : first)
    }

    /// Reads a name of so many ASCII letters.
    mutating func name(length: Int) -> String {
        precondition(position + length <= bytes.count, "Unicode data: a name is missing")
        defer { position += length }
        return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }

    /// Reads a word that ends in the given character, and the character; nil where the next word does not.
    mutating func acceptName(before end: Unicode.Scalar) -> String? {
        var index = position
        while index < bytes.count, bytes[index] > 0x20, bytes[index] != UInt8(ascii: end) { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: end) else { return nil }
        defer { position = index + 1 }
        return String(decoding: bytes[position..<index], as: UTF8.self)
    }

    /// The scalars and ranges of a whole set.
    static func ranges(of text: StaticString) -> [ClosedRange<UInt32>] {
        var ranges: [ClosedRange<UInt32>] = []
        var reader = UnicodeDataReader(text)
        while reader.hasMore() { ranges.append(reader.range()) }
        return ranges
    }

    /// Whether a hexadecimal digit comes next.
    var hasDigit: Bool { position < bytes.count && Self.digit(bytes[position]) != nil }

    /// Reads the given character if it comes next.
    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        default: nil
        }
    }
}
