import AttentionJSON

/// The tokens within tags.
extension JinjaLexer {
    mutating func readToken(_ unit: UInt32) throws(JinjaFault) {
        switch unit {
        case 0x30...0x39: try readNumber()
        case 0x22, 0x27: try readString(quote: unit)
        case _ where Self.beginsName(unit): readName()
        default: try readSymbol()
        }
    }

    private static func beginsName(_ unit: UInt32) -> Bool {
        switch unit {
        case 0x41...0x5A, 0x61...0x7A, 0x5F: true
        case 0..<0x80: false
        default: JinjaText.scalar(unit).properties.isXIDStart
        }
    }

    private mutating func readName() {
        let start = position
        while let unit = peek(),
            Self.beginsName(unit) || (0x30...0x39).contains(unit)
                || (unit >= 0x80 && JinjaText.scalar(unit).properties.isXIDContinue)
        {
            position += 1
        }
        append(.name(JinjaText(source[start..<position]).name), at: start)
    }

    private mutating func readNumber() throws(JinjaFault) {
        let start = position
        if peek() == 0x30, let base = peek(1).flatMap({ [0x78: 16, 0x6F: 8, 0x62: 2][$0 | 0x20] }) {
            position += 2
            let digits = digits { JinjaText.scalar($0).properties.isASCIIHexDigit }
            guard let value = LargeInteger(digits, radix: base) else {
                throw JinjaFault(.syntax, "a number that is none, or too large", at: start)
            }
            return append(.integer(value), at: start)
        }
        let isDecimal: (UInt32) -> Bool = { (0x30...0x39).contains($0) }
        let isAfterDot = start > 0 && source[start - 1] == 0x2E
        let whole = digits(isDecimal)
        var text = whole
        if !isAfterDot {
            if peek() == 0x2E, let next = peek(1), isDecimal(next) {
                position += 1
                text += "." + digits(isDecimal)
            }
            if let e = peek(), e | 0x20 == 0x65 {
                let signed = peek(1) == 0x2B || peek(1) == 0x2D
                if let next = peek(signed ? 2 : 1), isDecimal(next) {
                    text += "e" + (signed && peek(1) == 0x2D ? "-" : "")
                    position += signed ? 2 : 1
                    text += digits(isDecimal)
                }
            }
        }
        if text.utf8.count > whole.utf8.count, let value = Double(text) {
            return append(.float(value), at: start)
        }
        guard
            whole.utf8.count == 1 || whole.utf8.first != UInt8(ascii: "0")
                || whole.utf8.allSatisfy({ $0 == UInt8(ascii: "0") }),
            let value = LargeInteger(whole)
        else { throw JinjaFault(.syntax, "the number \(whole.prefix(30)) cannot be read", at: start) }
        append(.integer(value), at: start)
    }

    /// Digits, underscores between them left out.
    private mutating func digits(_ isDigit: (UInt32) -> Bool) -> String {
        var digits = ""
        while let unit = peek(), isDigit(unit) || (unit == 0x5F && peek(1).map(isDigit) == true) {
            if unit != 0x5F { digits.unicodeScalars.append(JinjaText.scalar(unit)) }
            position += 1
        }
        return digits
    }

    private mutating func readString(quote: UInt32) throws(JinjaFault) {
        let start = position
        position += 1
        while let unit = peek(), unit != quote { position += unit == 0x5C ? 2 : 1 }
        guard position < source.count else {
            throw JinjaFault(.syntax, "the string that begins here does not end", at: start)
        }
        let content = source[(start + 1)..<position]
        position += 1
        append(.string(try Self.unescaped(content, at: start)), at: start)
    }

    private mutating func readSymbol() throws(JinjaFault) {
        let start = position
        for symbol: ExactString in ["//", "**", "==", "!=", ">=", "<="] where position + 1 < source.count {
            let units = symbol.unicodeScalars.map(\.value)
            guard source[position] == units[0], source[position + 1] == units[1] else { continue }
            position += 2
            return append(.symbol(symbol), at: start)
        }
        let scalar = JinjaText.scalar(source[position])
        position += 1
        switch scalar {
        case "(": brackets.append(0x29)
        case "[": brackets.append(0x5D)
        case "{": brackets.append(0x7D)
        case ")", "]", "}":
            guard brackets.popLast() == scalar.value else {
                throw JinjaFault(.syntax, "'\(scalar)' closes no bracket", at: start)
            }
        case "+", "-", "/", "*", "%", "~", ">", "<", "=", ".", ":", "|", ",", ";": break
        default: throw JinjaFault(.syntax, "unexpected character \(Self.quoted(scalar))", at: start)
        }
        append(.symbol(ExactString(String(scalar))), at: start)
    }

    private static func quoted(_ scalar: Unicode.Scalar) -> String {
        scalar.properties.generalCategory == .control
            ? "U+" + String(scalar.value, radix: 16, uppercase: true) : "'\(scalar)'"
    }

    // MARK: Escapes

    /// A string literal's content with its escapes resolved, as Python's `unicode-escape` does.
    private static func unescaped(_ content: ArraySlice<UInt32>, at position: Int) throws(JinjaFault)
        -> [UInt32]
    {
        let units = normalizedLineEnds(content)
        guard units.contains(0x5C) else { return units }
        var result: [UInt32] = []
        var index = 0
        while index < units.count {
            guard units[index] == 0x5C, index + 1 < units.count else {
                result.append(units[index])
                index += 1
                continue
            }
            let escaped = units[index + 1]
            index += 2
            switch JinjaText.scalar(escaped) {
            case "\n": break
            case "\\", "'", "\"": result.append(escaped)
            case "n": result.append(0x0A)
            case "t": result.append(0x09)
            case "r": result.append(0x0D)
            case "a": result.append(0x07)
            case "b": result.append(0x08)
            case "f": result.append(0x0C)
            case "v": result.append(0x0B)
            case "x": result.append(try number(in: units, &index, digits: 2, at: position))
            case "u": result.append(try number(in: units, &index, digits: 4, at: position))
            case "U": result.append(try number(in: units, &index, digits: 8, at: position))
            case "N": throw JinjaFault(.unsupported, "a character by its name, \\N", at: position)
            case "0"..."7":
                var value = escaped - 0x30
                for _ in 0..<2 {
                    guard index < units.count, (0x30...0x37).contains(units[index]) else { break }
                    value = value << 3 | (units[index] - 0x30)
                    index += 1
                }
                result.append(value)
            case "\0"..<"\u{80}": result += [0x5C, escaped]
            default:
                // Python writes the character as an escape of its own first, whose backslash this one
                // escapes.
                result += JinjaRenderer.escape(escaped).unicodeScalars.map(\.value)
            }
        }
        return result
    }

    private static func number(
        in units: [UInt32], _ index: inout Int, digits: Int, at position: Int
    ) throws(JinjaFault) -> UInt32 {
        let text = units[index...].prefix(digits)
        let value = UInt32(JinjaText(text).string, radix: 16)
        guard text.count == digits, text.first != 0x2B, let value, let scalar = Unicode.Scalar(value) else {
            throw JinjaFault(.syntax, "an escape in this string names no character", at: position)
        }
        index += digits
        return scalar.value
    }
}
