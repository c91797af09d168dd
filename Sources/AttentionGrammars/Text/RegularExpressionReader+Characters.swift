import AttentionJSON

/// Characters, sets and escapes.
extension RegularExpressionReader {
    mutating func set() throws(RegularExpressionError) -> ScalarRanges {
        guard let next = peek() else { throw error(.invalid, "a character") }
        position += 1
        switch next {
        case ".": return RegularExpression.lineEnds.inverted
        case "[": return try bracketed()
        case "\\": return try escape().set
        default: return ScalarRanges(CollectionOfOne(next))
        }
    }

    private mutating func bracketed() throws(RegularExpressionError) -> ScalarRanges {
        let isNegated = accept("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            guard let next = peek() else { throw error(.invalid, "']' at a set's end") }
            position += 1
            if next == "]" { return isNegated ? ScalarRanges(ranges).inverted : ScalarRanges(ranges) }
            let first = next == "\\" ? try escape(inSet: true) : (ScalarRanges(CollectionOfOne(next)), next)
            guard peek() == "-", peek(1) != nil, peek(1) != "]" else {
                ranges += first.set.ranges
                continue
            }
            position += 1
            let end = scalars[position]
            position += 1
            let last = end == "\\" ? try escape(inSet: true) : (ScalarRanges(CollectionOfOne(end)), end)
            guard let low = first.scalar, let high = last.scalar else {
                // Beside a set such as \w the hyphen is a character.
                ranges += first.set.ranges + last.set.ranges + [0x2D...0x2D]
                continue
            }
            guard low <= high else { throw error(.invalid, "a range of characters in order") }
            ranges.append(low.value...high.value)
        }
    }

    /// Reads the rest of an escape: a set, and its scalar where it stands for one.
    private mutating func escape(
        inSet: Bool = false
    ) throws(RegularExpressionError) -> (set: ScalarRanges, scalar: Unicode.Scalar?) {
        guard let next = peek() else { throw error(.invalid, "a character behind the backslash") }
        position += 1
        func one(_ scalar: Unicode.Scalar) -> (ScalarRanges, Unicode.Scalar?) {
            (ScalarRanges(CollectionOfOne(scalar)), scalar)
        }
        switch next {
        case "d": return (RegularExpression.digits, nil)
        case "D": return (RegularExpression.digits.inverted, nil)
        case "w": return (RegularExpression.words, nil)
        case "W": return (RegularExpression.words.inverted, nil)
        case "s": return (RegularExpression.spaces, nil)
        case "S": return (RegularExpression.spaces.inverted, nil)
        case "p": return (try property(), nil)
        case "P": return (try property().inverted, nil)
        case "n": return one("\n")
        case "r": return one("\r")
        case "t": return one("\t")
        case "f": return one("\u{C}")
        case "v": return one("\u{B}")
        case "b" where inSet: return one("\u{8}")
        case "0" where !(peek().map { ("0"..."9").contains($0) } ?? false): return one("\0")
        case "x": return one(try scalar(try hexadecimal(2)))
        case "u": return one(try unicode())
        case "c":
            guard let letter = peek(), letter.isASCII, letter.properties.isAlphabetic else {
                throw error(.invalid, "a letter behind '\\c'")
            }
            position += 1
            return one(try scalar(letter.value % 32))
        case _ where !RegularExpression.words.contains(next): return one(next)
        default: throw error(.unsupported, "no '\\\(excerpt(String(next)))'")
        }
    }

    private mutating func property() throws(RegularExpressionError) -> ScalarRanges {
        guard accept("{") else { throw error(.invalid, "'{' behind '\\p'") }
        let start = position
        while let next = peek(), next != "}" { position += 1 }
        let name = ExactString(String(String.UnicodeScalarView(scalars[start..<position])))
        guard accept("}") else { throw error(.invalid, "'}' behind a property's name") }
        guard let set = UnicodeSets.named(name) else {
            throw error(.unsupported, "a general category in '\\p', such as L or Lu")
        }
        return set
    }

    private mutating func unicode() throws(RegularExpressionError) -> Unicode.Scalar {
        if accept("{") {
            var number: UInt32 = 0
            while let digit = hexDigit() { number = Swift.min(number << 4 | digit, 0x11_0000) }
            guard accept("}") else { throw error(.invalid, "'}' behind '\\u{'") }
            return try scalar(number)
        }
        let first = try hexadecimal(4)
        guard (0xD800...0xDBFF).contains(first), peek() == "\\", peek(1) == "u" else {
            return try scalar(first)
        }
        position += 2
        let second = try hexadecimal(4)
        guard (0xDC00...0xDFFF).contains(second) else {
            throw error(.invalid, "the second half of a surrogate pair")
        }
        return try scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func hexDigit() -> UInt32? {
        guard let next = peek(), next.isASCII, let digit = Character(next).hexDigitValue else { return nil }
        position += 1
        return UInt32(digit)
    }

    private mutating func hexadecimal(_ count: Int) throws(RegularExpressionError) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<count {
            guard let digit = hexDigit() else { throw error(.invalid, "\(count) hexadecimal digits") }
            number = number << 4 | digit
        }
        return number
    }

    private func scalar(_ number: UInt32) throws(RegularExpressionError) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(number) else {
            throw error(.invalid, "the number of a Unicode scalar")
        }
        return scalar
    }
}
