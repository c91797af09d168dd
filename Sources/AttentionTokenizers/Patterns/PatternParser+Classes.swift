import AttentionJSON

extension PatternParser {
    /// A class behind its `[`.
    mutating func parseClass() throws(PatternError) -> ScalarSet {
        try nested { parser throws(PatternError) in
            let isInverted = parser.accept("^")
            var intersection: ScalarSet?
            var ranges: [ClosedRange<UInt32>] = []
            var isFirst = true
            while true {
                if parser.accept("&&") {
                    intersection = parser.intersect(intersection, ranges)
                    ranges = []
                } else if parser.peek() == "]", !isFirst {
                    parser.position += 1
                    break
                } else {
                    ranges += try parser.parseClassItem()
                }
                isFirst = false
            }
            let set = parser.intersect(intersection, ranges)
            return isInverted ? set.inverted : set
        }
    }

    private func intersect(_ set: ScalarSet?, _ ranges: [ClosedRange<UInt32>]) -> ScalarSet {
        let other = ignoresCase ? ScalarSet(ranges).ignoringCase : ScalarSet(ranges)
        return set.map { $0.intersection(other) } ?? other
    }

    /// A scalar, a range, an escape, or a class within the class.
    private mutating func parseClassItem() throws(PatternError) -> [ClosedRange<UInt32>] {
        if accept("[:") { return try parseNamedClass().ranges }
        if accept("[") { return try parseClass().ranges }
        let first = try parseClassScalar()
        guard let first = first.scalar else { return first.set.ranges }
        guard peek() == "-", let behind = peek(1), behind != "]" else { return [first.value...first.value] }
        position += 1
        guard let last = try parseClassScalar().scalar else {
            throw error("a range must end in a character")
        }
        guard first <= last else { throw error("a range's end is less than its beginning") }
        return [first.value...last.value]
    }

    /// A set, and the scalar if it was written as one.
    private mutating func parseClassScalar() throws(PatternError) -> (set: ScalarSet, scalar: Unicode.Scalar?)
    {
        let scalar = try next("a class's end")
        guard scalar == "\\" else { return (ScalarSet(scalar), scalar) }
        if accept("b") { return (ScalarSet("\u{8}"), "\u{8}") }
        if let scalar = try parseEscapedScalar() { return (ScalarSet(scalar), scalar) }
        return (try parseEscapedSet(), nil)
    }

    /// `[:name:]` behind its beginning.
    private mutating func parseNamedClass() throws(PatternError) -> ScalarSet {
        let isInverted = accept("^")
        var name = ""
        while let scalar = peek(), scalar != ":", name.utf8.count < 16 {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        let punctuation = GeneralCategory.mask(named: "P").map(ScalarSet.category)
        let symbols = GeneralCategory.mask(named: "S").map(ScalarSet.category)
        let sets: [ExactString: ScalarSet?] = [
            "digit": .digits, "space": .whitespace, "word": .word, "xdigit": .hexadecimal,
            "punct": symbols.flatMap { punctuation?.union($0) },
        ]
        guard let set = sets[ExactString(name)] ?? nil else {
            throw error("the class '[:\(name):]' is not supported")
        }
        guard accept(":]") else { throw error("':]' is missing") }
        return isInverted ? set.inverted : set
    }

    // MARK: Escapes

    /// The escape behind a `\`.
    mutating func parseEscape() throws(PatternError) -> ScalarSet {
        if let scalar = try parseEscapedScalar() { return literal(scalar) }
        return try parseEscapedSet()
    }

    /// `\n`, `\x{1F600}`, `\.` and the like; nil where a set stands.
    private mutating func parseEscapedScalar() throws(PatternError) -> Unicode.Scalar? {
        let controls: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "r": "\r", "t": "\t", "f": "\u{C}", "v": "\u{B}", "a": "\u{7}", "e": "\u{1B}",
        ]
        guard let scalar = peek() else { throw error("it ends in '\\'") }
        if let control = controls[scalar] {
            position += 1
            return control
        }
        if accept("x{") {
            let value = try parseHexadecimal(1...8)
            guard accept("}") else { throw error("'}' is missing") }
            return value
        }
        if accept("x") { return try parseHexadecimal(1...2) }
        if accept("u") { return try parseHexadecimal(4...4) }
        let isLetterOrDigit =
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        if isLetterOrDigit { return nil }
        position += 1
        return scalar
    }

    private mutating func parseHexadecimal(_ digits: ClosedRange<Int>) throws(PatternError) -> Unicode.Scalar
    {
        var text = ""
        while text.count < digits.upperBound, let scalar = peek(), scalar.isASCII,
            scalar.properties.isASCIIHexDigit
        {
            text.unicodeScalars.append(scalar)
            position += 1
        }
        guard text.count >= digits.lowerBound, let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw error("'\(text)' is no character's number") }
        return scalar
    }

    /// `\s`, `\p{L}` and the like.
    private mutating func parseEscapedSet() throws(PatternError) -> ScalarSet {
        let scalar = try next("an escape")
        switch scalar {
        case "s": return .whitespace
        case "S": return ScalarSet.whitespace.inverted
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "h": return .hexadecimal
        case "H": return ScalarSet.hexadecimal.inverted
        case "p", "P": return try parseProperty(isInverted: scalar == "P")
        default:
            position -= 1
            throw error("'\\\(scalar)' is not supported")
        }
    }

    /// `{L}` or `{^L}`, or `L` alone.
    private mutating func parseProperty(isInverted: Bool) throws(PatternError) -> ScalarSet {
        guard accept("{") else { throw error("'{' is missing behind '\\p'") }
        let isNegated = accept("^")
        var name = ""
        while let scalar = peek(), scalar != "}", name.count < 32 {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard let set = ScalarSet.property(name) else {
            throw error("the property '\(name)' is not supported")
        }
        guard accept("}") else { throw error("'}' is missing") }
        return isInverted != isNegated ? set.inverted : set
    }
}
