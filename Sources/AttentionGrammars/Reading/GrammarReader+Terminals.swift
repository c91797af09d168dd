import AttentionJSON

extension GrammarReader {
    /// A text in quotes; `position` is at the first one.
    mutating func readLiteral() throws(GrammarError) -> [UInt8] {
        position += 1
        var text = String.UnicodeScalarView()
        while true {
            guard let next = peek(), next != "\n", next != "\r" else {
                throw unexpected("'\"' at the text's end")
            }
            if next == "\"" {
                position += 1
                return Array(String(text).utf8)
            }
            text.append(try readScalar())
        }
    }

    /// A set of scalars in brackets; `position` is at the first one.
    mutating func readClass() throws(GrammarError) -> ScalarRanges {
        position += 1
        let isNegated = accept("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            guard let next = peek(), next != "\n", next != "\r" else {
                throw unexpected("']' at the set's end")
            }
            if next == "]" {
                position += 1
                let set = ScalarRanges(ranges)
                return isNegated ? set.inverted : set
            }
            let start = position
            let first = try readScalar()
            guard peek() == "-", let end = peek(1), end != "]" else {
                ranges.append(first.value...first.value)
                continue
            }
            position += 1
            guard peek() != "\n" else { throw unexpected("the end of the range") }
            let last = try readScalar()
            guard first <= last else {
                throw error(
                    .syntax, at: start, "a range whose end is not before its beginning",
                    quoted("\(first)-\(last)"))
            }
            ranges.append(first.value...last.value)
        }
    }

    /// A scalar that stands for itself, or an escape.
    private mutating func readScalar() throws(GrammarError) -> Unicode.Scalar {
        guard let next = peek() else { throw unexpected("a character") }
        position += 1
        guard next == "\\" else { return next }
        guard let kind = peek() else { throw unexpected("an escape") }
        position += 1
        switch kind {
        case "x": return try readDigits(2)
        case "u": return try readDigits(4)
        case "U": return try readDigits(8)
        case "t": return "\t"
        case "r": return "\r"
        case "n": return "\n"
        case "\\", "\"", "[", "]", "-", "^": return kind
        default:
            throw error(
                .syntax, at: position - 2, #"one of the escapes \x \u \U \t \r \n \\ \" \[ \] \- \^"#,
                quoted("\\\(kind)"))
        }
    }

    /// A scalar by its number.
    private mutating func readDigits(_ count: Int) throws(GrammarError) -> Unicode.Scalar {
        let start = position
        var value: UInt64 = 0
        for _ in 0..<count {
            guard let next = peek(), next.isASCII, let digit = Character(next).hexDigitValue else {
                throw unexpected("\(count) hexadecimal digits")
            }
            value = value << 4 | UInt64(digit)
            position += 1
        }
        guard let scalar = UInt32(exactly: value).flatMap({ Unicode.Scalar($0) }) else {
            throw error(
                .syntax, at: start, "the number of a Unicode scalar",
                "0x" + String(value, radix: 16, uppercase: true))
        }
        return scalar
    }

    /// `*`, `+`, `?`, `{m}`, `{m,}` or `{m,n}`; `position` is at its beginning.
    mutating func readRepetition() throws(GrammarError) -> (min: Int, max: Int?) {
        if accept("*") { return (0, nil) }
        if accept("+") { return (1, nil) }
        if accept("?") { return (0, 1) }
        let start = position
        position += 1
        skipSpace(newlines: false)
        let min = try readCount()
        skipSpace(newlines: false)
        if accept("}") { return (min, min) }
        guard accept(",") else { throw unexpected("',' or '}' in the repetition") }
        skipSpace(newlines: false)
        if accept("}") { return (min, nil) }
        let max = try readCount()
        skipSpace(newlines: false)
        guard accept("}") else { throw unexpected("'}' at the repetition's end") }
        guard min <= max else {
            throw error(.syntax, at: start, "a repetition's bounds in order", "{\(min),\(max)}")
        }
        return (min, max)
    }

    private mutating func readCount() throws(GrammarError) -> Int {
        let start = position
        var value = 0
        while let next = peek(), ("0"..."9").contains(next) {
            value = Swift.min(value * 10 + Int(next.value - 0x30), GrammarLimits.repetition + 1)
            position += 1
        }
        guard position > start else { throw unexpected("a number") }
        guard value <= GrammarLimits.repetition else {
            throw error(.tooLarge, at: start, "a number up to \(GrammarLimits.repetition)", "a larger one")
        }
        return value
    }
}
