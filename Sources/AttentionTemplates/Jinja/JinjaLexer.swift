import AttentionJSON

/// A piece of a template's text.
struct JinjaToken {
    enum Kind: Equatable {
        case data([UInt32])
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(ExactString)
        case string([UInt32])
        case integer(LargeInteger)
        case float(Double)
        case symbol(ExactString)
        case end
    }

    let kind: Kind
    let position: Int
}

/// Cuts a template into data and tags (what is within tags is read in an extension), with white space around
/// blocks taken away as chat templates have it: a block's own line keeps neither its indentation nor its end
/// (`trim_blocks` and `lstrip_blocks`).
struct JinjaLexer {
    let source: [UInt32]
    var position = 0
    private var tokens: [JinjaToken] = []
    /// The closing brackets that are due.
    var brackets: [UInt32] = []
    /// Whether the text before ended with a line's end.
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

    static func normalizedLineEnds(_ units: some Sequence<UInt32>) -> [UInt32] {
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

    func peek(_ offset: Int = 0) -> UInt32? {
        position + offset < source.count ? source[position + offset] : nil
    }

    private func stands(_ text: StaticString, at index: Int) -> Bool {
        guard index + text.utf8CodeUnitCount <= source.count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where source[index + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    mutating func append(_ kind: JinjaToken.Kind, at position: Int) {
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

    /// The rest of the text before a tag that begins with `sign`.
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

    /// The white space behind a tag's end that is left out: all of it after `-`, else one line's end.
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
}
