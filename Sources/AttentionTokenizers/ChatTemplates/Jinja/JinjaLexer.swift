/// A piece of a template's text.
struct JinjaToken {
    enum Kind: Equatable {
        case data([UInt32])
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string([UInt32])
        case integer(Int)
        case float(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let position: Int
}

/// Cuts a template into tokens, with white space around blocks taken away as chat templates have it: a block's
/// own line keeps neither its indentation nor its end (`trim_blocks` and `lstrip_blocks`).
struct JinjaLexer {
    private let source: [UInt32]
    private var position = 0
    private var tokens: [JinjaToken] = []
    /// The closing brackets that are waited for.
    private var brackets: [UInt32] = []
    /// Whether what was read last ended with a line's end.
    private var isLineStart = true

    /// - Parameter source: the text, its line ends as they were; ``normalized(_:)``.
    static func tokens(of source: [UInt32]) throws(JinjaFault) -> [JinjaToken] {
        var lexer = JinjaLexer(source: source)
        while try lexer.readData() {}
        lexer.append(.end, at: source.count)
        return lexer.tokens
    }

    private init(source: [UInt32]) { self.source = source }

    /// A template's scalars with every line's end as `\n`, and without the last one.
    static func normalized(_ text: String) -> [UInt32] {
        var units = normalizedLineEnds(text.unicodeScalars.map(\.value))
        if units.last == 0x0A { units.removeLast() }
        return units
    }

    private static func normalizedLineEnds(_ units: some Sequence<UInt32>) -> [UInt32] {
        var result: [UInt32] = []
        var afterReturn = false
        for unit in units {
            if unit == 0x0D {
                result.append(0x0A)
            } else if !(unit == 0x0A && afterReturn) {
                result.append(unit)
            }
            afterReturn = unit == 0x0D
        }
        return result
    }

    // MARK: Data

    private func peek(_ offset: Int = 0) -> UInt32? {
        position + offset < source.count ? source[position + offset] : nil
    }

    private func stands(_ text: StaticString, at index: Int) -> Bool {
        guard index + text.utf8CodeUnitCount <= source.count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where source[index + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private mutating func append(_ kind: JinjaToken.Kind, at position: Int) {
        tokens.append(JinjaToken(kind: kind, position: position))
    }

    /// Reads text up to a tag, and the tag. False at the end.
    private mutating func readData() throws(JinjaFault) -> Bool {
        let start = position
        var tag = start
        while tag < source.count,
            !(source[tag] == 0x7B && tag + 1 < source.count
                && [0x25, 0x7B, 0x23].contains(source[tag + 1]))
        { tag += 1 }
        guard tag < source.count else {
            if start < tag { append(.data(Array(source[start...])), at: start) }
            position = tag
            return false
        }
        let isVariable = source[tag + 1] == 0x7B
        position = tag + 2
        var sign: UInt32 = 0
        if let next = peek(), next == 0x2D || next == 0x2B {
            sign = next
            position += 1
        }
        let data = trimmed(start..<tag, sign: sign, isVariable: isVariable)
        if !data.isEmpty { append(.data(Array(source[data])), at: start) }
        isLineStart = false
        switch source[tag + 1] {
        case 0x23: try skipComment(from: tag)
        case 0x7B:
            append(.variableBegin, at: tag)
            try readTag(closing: .variableEnd, from: tag)
        default:
            if try readRaw(from: tag) { return true }
            append(.blockBegin, at: tag)
            try readTag(closing: .blockEnd, from: tag)
        }
        return true
    }

    /// What is left of text before a tag that begins with `sign`.
    private func trimmed(_ range: Range<Int>, sign: UInt32, isVariable: Bool) -> Range<Int> {
        var end = range.upperBound
        if sign == 0x2D {
            while end > range.lowerBound, JinjaText.isSpace(source[end - 1]) { end -= 1 }
            return range.lowerBound..<end
        }
        guard sign == 0, !isVariable else { return range }
        while end > range.lowerBound, source[end - 1] != 0x0A {
            guard JinjaText.isSpace(source[end - 1]) else { return range }
            end -= 1
        }
        return end > range.lowerBound || isLineStart ? range.lowerBound..<end : range
    }

    private mutating func skipComment(from tag: Int) throws(JinjaFault) {
        let start = position
        while position < source.count, !stands("#}", at: position) { position += 1 }
        guard position < source.count else {
            throw JinjaFault(.syntax, "the comment that begins here does not end", at: tag)
        }
        let sign = position > start ? source[position - 1] : 0
        position += 2
        endTag(sign: sign)
    }

    /// What follows a tag's end: white space after `-`, else one line's end.
    private mutating func endTag(sign: UInt32, takesLineEnd: Bool = true) {
        isLineStart = false
        if sign == 0x2D {
            while let unit = peek(), JinjaText.isSpace(unit) {
                position += 1
                isLineStart = unit == 0x0A
            }
        } else if sign != 0x2B, takesLineEnd, peek() == 0x0A {
            position += 1
            isLineStart = true
        }
    }

    /// Reads `raw … endraw` as text, if that is what stands here.
    private mutating func readRaw(from tag: Int) throws(JinjaFault) -> Bool {
        guard let (bodyStart, _) = rawTag("raw", after: position, isOpening: true) else { return false }
        var tag = bodyStart
        while tag < source.count {
            if stands("{%", at: tag) {
                let sign = tag + 2 < source.count ? source[tag + 2] : 0
                let hasSign = sign == 0x2D || sign == 0x2B
                if let (end, endSign) = rawTag("endraw", after: tag + (hasSign ? 3 : 2), isOpening: false) {
                    isLineStart = source[bodyStart - 1] == 0x0A
                    let data = trimmed(bodyStart..<tag, sign: hasSign ? sign : 0, isVariable: false)
                    if !data.isEmpty { append(.data(Array(source[data])), at: bodyStart) }
                    position = end
                    endTag(sign: endSign)
                    return true
                }
            }
            tag += 1
        }
        throw JinjaFault(.syntax, "'raw' has no 'endraw'", at: position)
    }

    /// Where `name %}` ends that begins at `start`, and the sign in it.
    private func rawTag(_ name: StaticString, after start: Int, isOpening: Bool) -> (Int, UInt32)? {
        var index = start
        func skipSpace() { while index < source.count, JinjaText.isSpace(source[index]) { index += 1 } }
        skipSpace()
        guard stands(name, at: index) else { return nil }
        index += name.utf8CodeUnitCount
        skipSpace()
        var sign: UInt32 = 0
        if index < source.count, source[index] == 0x2D || (source[index] == 0x2B && !isOpening) {
            sign = source[index]
            index += 1
        }
        guard stands("%}", at: index) else { return nil }
        index += 2
        if isOpening, sign == 0x2D { skipSpace() }
        return (index, sign)
    }

    // MARK: Tags

    private mutating func readTag(closing: JinjaToken.Kind, from tag: Int) throws(JinjaFault) {
        let isBlock = closing == .blockEnd
        while let unit = peek() {
            if brackets.isEmpty {
                let hasSign = unit == 0x2D || (unit == 0x2B && isBlock)
                let end = position + (hasSign ? 1 : 0)
                if isBlock ? stands("%}", at: end) : stands("}}", at: end) {
                    append(closing, at: position)
                    position = end + 2
                    endTag(sign: hasSign ? unit : 0, takesLineEnd: isBlock)
                    return
                }
            }
            if JinjaText.isSpace(unit) {
                position += 1
            } else {
                try readToken(unit)
            }
        }
        throw JinjaFault(.syntax, "the tag that begins here does not end", at: tag)
    }

    private mutating func readToken(_ unit: UInt32) throws(JinjaFault) {
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
        append(.name(JinjaText(source[start..<position]).string), at: start)
    }

    private mutating func readNumber() throws(JinjaFault) {
        let start = position
        if peek() == 0x30, let base = peek(1).flatMap({ [0x78: 16, 0x6F: 8, 0x62: 2][$0 | 0x20] }) {
            position += 2
            let digits = digits { JinjaText.scalar($0).properties.isASCIIHexDigit }
            guard let value = Int(digits, radix: base) else {
                throw JinjaFault(.syntax, "a number that is none, or too large", at: start)
            }
            return append(.integer(value), at: start)
        }
        let isDecimal: (UInt32) -> Bool = { (0x30...0x39).contains($0) }
        let isAfterDot = start > 0 && source[start - 1] == 0x2E
        var text = digits(isDecimal)
        let whole = text
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
        if text != whole, let value = Double(text) { return append(.float(value), at: start) }
        guard whole.count == 1 || !whole.hasPrefix("0") || whole.allSatisfy({ $0 == "0" }),
            let value = Int(whole)
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
        for symbol in ["//", "**", "==", "!=", ">=", "<="] where position + 1 < source.count {
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
        append(.symbol(String(scalar)), at: start)
    }

    private static func quoted(_ scalar: Unicode.Scalar) -> String {
        scalar.properties.generalCategory == .control
            ? "U+" + String(scalar.value, radix: 16, uppercase: true) : "'\(scalar)'"
    }
}

// MARK: Escapes

extension JinjaLexer {
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
                // Python writes the character as an escape of its own first, whose backslash this one escapes.
                let (letter, digits) = escaped < 0x100 ? ("x", 2) : escaped < 0x10000 ? ("u", 4) : ("U", 8)
                let number = String(escaped, radix: 16)
                let zeros = String(repeating: "0", count: digits - number.count)
                result += ("\\" + letter + zeros + number).unicodeScalars.map(\.value)
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
