/// A string of a JSON text where it stands, without its quotes. Its escapes have been checked, and its
/// bytes are valid UTF-8.
struct JSONString {
    var start, end: Int
    var hasEscapes: Bool

    init(start: Int, end: Int, hasEscapes: Bool) {
        self.start = start
        self.end = end
        self.hasEscapes = hasEscapes
    }

    /// The string that begins behind the quote before `start`; it has been checked.
    init(at start: Int, in bytes: [UInt8]) {
        self.init(start: start, end: start, hasEscapes: false)
        while bytes[end] != UInt8(ascii: "\"") {
            let isEscape = bytes[end] == UInt8(ascii: "\\")
            if isEscape { hasEscapes = true }
            end += isEscape ? 2 : 1
        }
    }

    /// The string itself.
    func text(in bytes: [UInt8]) -> String {
        hasEscapes
            ? String(decoding: unescaped(in: bytes), as: UTF8.self)
            : String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// Whether the string is `text`, byte by byte: names that Unicode considers equal are different tokens
    /// of a vocabulary.
    func equals(_ text: String, in bytes: [UInt8]) -> Bool {
        if hasEscapes { return unescaped(in: bytes).elementsEqual(text.utf8) }
        return end - start == text.utf8.count && bytes[start..<end].elementsEqual(text.utf8)
    }

    func equals(_ other: JSONString, in bytes: [UInt8]) -> Bool {
        if hasEscapes || other.hasEscapes { return unescaped(in: bytes) == other.unescaped(in: bytes) }
        return bytes[start..<end] == bytes[other.start..<other.end]
    }

    /// A hash of the string's bytes, of 32 bits.
    func hash(in bytes: [UInt8]) -> UInt64 {
        if hasEscapes { return unescaped(in: bytes).withUnsafeBufferPointer(NameHash.hash) }
        return bytes.withUnsafeBufferPointer { NameHash.hash(UnsafeBufferPointer(rebasing: $0[start..<end])) }
    }

    private func unescaped(in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(end - start)
        var index = start
        while index < end {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let escape = bytes[index + 1]
            index += 2
            switch Unicode.Scalar(escape) {
            case "b": result.append(0x08)
            case "f": result.append(0x0C)
            case "n": result.append(0x0A)
            case "r": result.append(0x0D)
            case "t": result.append(0x09)
            case "u":
                result += UTF8.encode(Self.scalar(in: bytes, &index)) ?? UTF8.encodedReplacementCharacter
            default: result.append(escape)
            }
        }
        return result
    }

    /// The character of one `\uXXXX`, or of a pair of them; `index` is behind the first u.
    private static func scalar(in bytes: [UInt8], _ index: inout Int) -> Unicode.Scalar {
        let first = unit(bytes[index..<index + 4])
        index += 4
        if let scalar = first.flatMap({ Unicode.Scalar($0) }) { return scalar }
        let second = unit(bytes[index + 2..<index + 6])
        index += 6
        let pair = [first, second].compactMap { $0 }
        return String(decoding: pair, as: UTF16.self).unicodeScalars.first ?? "\u{FFFD}"
    }

    /// The number that hexadecimal digits mean; nil where a byte is none.
    static func unit(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var value: UInt16 = 0
        for byte in digits {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
