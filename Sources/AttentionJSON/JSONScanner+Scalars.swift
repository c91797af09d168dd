extension JSONScanner {
    /// A string, its escapes resolved.
    package mutating func string() throws(JSONError) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        return try scanString().text(in: bytes)
    }

    /// Checks a string and leaves it where it stands; `position` is at the quote that begins it.
    mutating func scanString() throws(JSONError) -> JSONString {
        position += 1
        var string = JSONString(start: position, end: position, hasEscapes: false)
        var isASCII = true
        while true {
            let run = plainRun()
            position = run.end
            isASCII = isASCII && run.isASCII
            guard position < bytes.count else {
                throw unexpected("'\"' at the end of the string that begins at byte \(string.start - 1)")
            }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                string.end = position
                position += 1
                if !isASCII || string.hasEscapes { try checkUnicode(of: string, isASCII: isASCII) }
                return string
            case UInt8(ascii: "\\"):
                try scanEscape()
                string.hasEscapes = true
            default: throw unexpected("a control character to be escaped")
            }
        }
    }

    /// Where the bytes end that stand for themselves in a string, and whether all of them are ASCII.
    private func plainRun() -> (end: Int, isASCII: Bool) {
        bytes.withUnsafeBufferPointer { bytes in
            var end = position
            var union: UInt8 = 0
            while end < bytes.count {
                let byte = bytes[end]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                union |= byte
                end += 1
            }
            return (end, union < 0x80)
        }
    }

    /// A string must be UTF-8, and marks may pile up no higher than Unicode's stream-safe text format
    /// allows (UAX #15, section 13).
    ///
    /// Comparing and hashing strings takes time that grows with the square of such a pile: a name of one
    /// million marks would keep a dictionary busy for minutes.
    private func checkUnicode(of string: JSONString, isASCII: Bool) throws(JSONError) {
        let content = bytes[string.start..<string.end]
        if !isASCII, String(validating: content, as: UTF8.self) == nil {
            var decoder = UTF8()
            var iterator = content.makeIterator()
            var offset = string.start
            while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
            throw JSONError(
                problem: .encoding, offset: offset, expected: "UTF-8", found: describe(byte: bytes[offset]))
        }
        // No mark is shorter than two bytes.
        guard content.count > 2 * Self.greatestPile, !isStreamSafe(string.text(in: bytes)) else { return }
        throw JSONError(
            problem: .encoding, offset: string.start - 1,
            expected: "at most \(Self.greatestPile) combining marks in a row", found: "more")
    }

    private static let greatestPile = 30

    private func isStreamSafe(_ text: String) -> Bool {
        var run = 0
        for scalar in text.unicodeScalars where scalar.value >= 0x80 || run > 0 {
            // Three Tibetan vowels are no marks themselves but fall apart into marks.
            let isMark =
                scalar.properties.canonicalCombiningClass != .notReordered
                || [0xF73, 0xF75, 0xF81].contains(scalar.value)
            run = isMark ? run + 1 : 0
            if run > Self.greatestPile { return false }
        }
        return true
    }

    /// `position` is at the backslash.
    private mutating func scanEscape() throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw unexpected("an escape") }
        switch Unicode.Scalar(bytes[position]) {
        case "\"", "\\", "/", "b", "f", "n", "r", "t": position += 1
        case "u":
            let first = try scanUnit()
            if !UTF16.isLeadSurrogate(first), !UTF16.isTrailSurrogate(first) { return }
            if UTF16.isLeadSurrogate(first), take("\\"), position < bytes.count,
                bytes[position] == UInt8(ascii: "u"), UTF16.isTrailSurrogate(try scanUnit())
            {
                return
            }
            throw JSONError(
                problem: .encoding, offset: start, expected: "a whole surrogate pair", found: "half of one")
        default: throw unexpected("one of \" \\ / b f n r t u after a backslash")
        }
    }

    /// Four hexadecimal digits; `position` is at the u before them.
    private mutating func scanUnit() throws(JSONError) -> UInt16 {
        position += 1
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4, let unit = JSONString.unit(digits) else {
            throw unexpected("four hexadecimal digits")
        }
        position += 4
        return unit
    }

    // MARK: Numbers and words

    /// An integer that is not negative, exactly.
    package mutating func count() throws(JSONError) -> Int {
        _ = peek()
        let range = try scanNumber()
        guard let value = Self.integer(bytes[range]), value >= 0 else {
            throw JSONError(
                problem: .number, offset: range.lowerBound, expected: "an integer from 0 to \(Int.max)",
                found: excerpt(String(decoding: bytes[range], as: UTF8.self)))
        }
        return value
    }

    /// The integer that a number is written as; nil where it is too large, or written as a fraction.
    static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
        let isNegative = digits.first == UInt8(ascii: "-")
        var value = 0
        for byte in isNegative ? digits.dropFirst() : digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Int(byte - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            // Towards the side where it ends: the smallest integer has no positive counterpart.
            let (sum, carry) =
                isNegative
                ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, of any size; `position` is at its first byte.
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        take("-")
        if !take("0") { try digits("a number") }
        if take(".") { try digits("a digit after the point") }
        if take("e") || take("E") {
            if !take("+") { take("-") }
            try digits("a digit of the exponent")
        }
        return start..<position
    }

    mutating func scanWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == word.utf8Start[index] else {
                throw unexpected("'\(word)'")
            }
            position += 1
        }
    }

    @inline(__always) @discardableResult
    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    @inline(__always)
    private mutating func digits(_ expected: String) throws(JSONError) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw unexpected(expected) }
    }
}
