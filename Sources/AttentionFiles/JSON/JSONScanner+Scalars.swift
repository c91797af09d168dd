extension JSONScanner {
    /// A string, its escapes resolved.
    package mutating func string() throws(JSONError) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position
        position += 1
        var resolved: [UInt8] = []
        var runStart = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let run = bytes[runStart..<position]
                position += 1
                // Without escapes, which is nearly always, the bytes are looked at in place.
                let text = resolved.isEmpty ? decode(run) : decode((resolved + run)[...])
                guard let text, isStreamSafe(text) else {
                    throw JSONError(
                        problem: .encoding, offset: start,
                        expected: text == nil ? "a string in UTF-8" : "at most 30 combining marks in a row",
                        found: text == nil ? "other bytes" : "more")
                }
                return text
            case UInt8(ascii: "\\"):
                resolved += bytes[runStart..<position]
                resolved += UTF8.encode(try escape())!  // every scalar has a UTF-8 form
                runStart = position
            case 0..<0x20:
                throw unexpected("a control character to be escaped")
            default:
                position += 1
            }
        }
        throw unexpected("'\"' at the end of the string that begins at byte \(start)")
    }

    /// An integer that is not negative, exactly.
    package mutating func count() throws(JSONError) -> Int {
        let (start, text, isInteger) = try numberText()
        guard isInteger, let value = Int(text), value >= 0 else {
            throw JSONError(
                problem: .number, offset: start, expected: "an integer from 0 to \(Int.max)",
                found: excerpt(text))
        }
        return value
    }

    /// A number: exact where it is written as an integer that fits in an `Int`.
    mutating func number() throws(JSONError) -> JSONValue {
        let (start, text, isInteger) = try numberText()
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(
                problem: .number, offset: start, expected: "a number that a double can hold",
                found: excerpt(text))
        }
        return .number(value)
    }

    /// Whether marks pile up no higher than Unicode's stream-safe text format allows (UAX #15, section 13).
    ///
    /// Comparing and hashing strings takes time that grows with the square of such a pile: a name of one
    /// million marks would keep a dictionary busy for minutes.
    private func isStreamSafe(_ text: String) -> Bool {
        var run = 0
        for scalar in text.unicodeScalars where scalar.value >= 0x80 || run > 0 {
            // Three Tibetan vowels are no marks themselves but fall apart into marks.
            let isMark =
                scalar.properties.canonicalCombiningClass != .notReordered
                || [0xF73, 0xF75, 0xF81].contains(scalar.value)
            run = isMark ? run + 1 : 0
            if run > 30 { return false }
        }
        return true
    }

    private func decode(_ run: ArraySlice<UInt8>) -> String? { String(validating: run, as: UTF8.self) }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func numberText() throws(JSONError) -> (start: Int, text: String, isInteger: Bool) {
        _ = peek()
        let start = position
        var isInteger = true
        take("-")
        if !take("0") { try digits("a number") }
        if take(".") {
            isInteger = false
            try digits("a digit after the point")
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { take("-") }
            try digits("a digit of the exponent")
        }
        return (start, String(decoding: bytes[start..<position], as: UTF8.self), isInteger)
    }

    @discardableResult private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func digits(_ expected: String) throws(JSONError) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw unexpected(expected) }
    }

    /// The character that an escape stands for; `position` is at its backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard position < bytes.count else { throw unexpected("an escape") }
        let scalar: Unicode.Scalar
        switch Unicode.Scalar(bytes[position]) {
        case let same where same == "\"" || same == "\\" || same == "/": scalar = same
        case "b": scalar = "\u{8}"
        case "f": scalar = "\u{C}"
        case "n": scalar = "\n"
        case "r": scalar = "\r"
        case "t": scalar = "\t"
        case "u": return try unicodeEscape(from: start)
        default: throw unexpected("one of \" \\ / b f n r t u after a backslash")
        }
        position += 1
        return scalar
    }

    /// `\uXXXX`, or two of them that make up one character outside the basic plane; `position` is at the u.
    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        position += 1
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, take("\\"), take("u") {
            let second = try hexadecimal()
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw JSONError(
            problem: .encoding, offset: start, expected: "a whole surrogate pair", found: "half of one")
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw unexpected("four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
