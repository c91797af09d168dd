import AttentionJSON

/// Reads the regular expressions of `pattern` (ECMA-262) as expressions over the content of a JSON string.
///
/// What is there: characters, `.`, sets, `\d \w \s` and their opposites, escapes, groups, `|`, repetitions,
/// and `^` and `$` at the beginning and the end of the whole. As JSON Schema has it, a pattern may match
/// anywhere unless `^` and `$` hold it.
struct PatternReader {
    private let scalars: [Unicode.Scalar]
    private let value: JSONValue
    private let reader: SchemaReader
    private(set) var builder: JSONGrammarBuilder
    private var position = 0

    private struct Group {
        var alternatives: [Int] = []
        var sequence: [Int] = []
    }

    private static let digits = ScalarRanges([0x30...0x39])
    private static let words = ScalarRanges([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    private static let spaces = ScalarRanges([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    private static let lineEnds = ScalarRanges([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    init(_ source: String, value: JSONValue, reader: SchemaReader, builder: JSONGrammarBuilder) {
        scalars = Array(source.unicodeScalars)
        self.value = value
        self.reader = reader
        self.builder = builder
    }

    mutating func read() throws -> Int {
        let beginsAtStart = accept("^")
        var endsAtEnd = false
        var groups = [Group()]
        while let next = peek() {
            position += 1
            switch next {
            case "(":
                guard groups.count <= GrammarLimits.depth else {
                    throw JSONSchemaError(
                        problem: .tooLarge, path: value.path,
                        expected: "at most \(GrammarLimits.depth) groups within each other", found: "more")
                }
                try beginGroup()
                groups.append(Group())
            case ")":
                guard groups.count > 1 else { throw invalid("a group that this ')' ends") }
                let group = try close(&groups)
                groups[groups.count - 1].sequence.append(group)
            case "|":
                if groups.count == 1, beginsAtStart {
                    throw unsupported("'^' before a choice only within a group")
                }
                let sequence = try builder.table.sequence(groups[groups.count - 1].sequence)
                groups[groups.count - 1].alternatives.append(sequence)
                groups[groups.count - 1].sequence = []
            case "$" where position == scalars.count && groups.count == 1:
                guard groups[0].alternatives.isEmpty else {
                    throw unsupported("'$' behind a choice only within a group")
                }
                endsAtEnd = true
            case "^", "$": throw unsupported("'^' and '$' only at the beginning and the end")
            case "*", "+", "?", "{":
                position -= 1
                guard let part = groups[groups.count - 1].sequence.popLast() else {
                    throw invalid("something to repeat")
                }
                let (min, max) = try repetition()
                groups[groups.count - 1].sequence.append(try builder.table.repeated(part, min, max))
            default:
                position -= 1
                groups[groups.count - 1].sequence.append(try builder.content(try set()))
            }
        }
        guard groups.count == 1 else { throw invalid("')' at the group's end") }
        let body = try close(&groups)
        let anything = try builder.table.repeated(builder.character, 0, nil)
        return try builder.table.sequence(
            (beginsAtStart ? [] : [anything]) + [body] + (endsAtEnd ? [] : [anything]))
    }

    private mutating func close(_ groups: inout [Group]) throws -> Int {
        let group = groups.removeLast()
        return try builder.table.choice(group.alternatives + [try builder.table.sequence(group.sequence)])
    }

    private mutating func beginGroup() throws {
        guard accept("?") else { return }
        if accept(":") { return }
        guard accept("<"), peek() != "=", peek() != "!" else { throw unsupported("no look around") }
        while let next = peek(), next != ">" { position += 1 }
        guard accept(">") else { throw invalid("'>' behind the group's name") }
    }

    private mutating func repetition() throws -> (Int, Int?) {
        let bounds: (Int, Int?)
        if accept("*") {
            bounds = (0, nil)
        } else if accept("+") {
            bounds = (1, nil)
        } else if accept("?") {
            bounds = (0, 1)
        } else {
            position += 1
            let min = try count()
            if accept("}") {
                bounds = (min, min)
            } else {
                guard accept(",") else { throw invalid("',' or '}' in a repetition") }
                let max = peek() == "}" ? nil : try count()
                guard accept("}") else { throw invalid("'}' at a repetition's end") }
                guard max.map({ min <= $0 }) ?? true else { throw invalid("a repetition's bounds in order") }
                bounds = (min, max)
            }
        }
        // Whether as much or as little as possible is taken makes no difference to what matches.
        _ = accept("?")
        return bounds
    }

    private mutating func count() throws -> Int {
        var number: Int?
        while let digit = peek(), ("0"..."9").contains(digit) {
            number = Swift.min((number ?? 0) * 10 + Int(digit.value - 0x30), GrammarLimits.repetition + 1)
            position += 1
        }
        guard let number else { throw invalid("a number") }
        guard number <= GrammarLimits.repetition else {
            throw JSONSchemaError(
                problem: .tooLarge, path: value.path, expected: "a number up to \(GrammarLimits.repetition)",
                found: "a larger one")
        }
        return number
    }

    // MARK: Characters

    private mutating func set() throws -> ScalarRanges {
        guard let next = peek() else { throw invalid("a character") }
        position += 1
        switch next {
        case ".": return Self.lineEnds.inverted
        case "[": return try bracketed()
        case "\\": return try escape().set
        default: return ScalarRanges(CollectionOfOne(next))
        }
    }

    private mutating func bracketed() throws -> ScalarRanges {
        let isNegated = accept("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            guard let next = peek() else { throw invalid("']' at a set's end") }
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
            guard let low = first.scalar, let high = last.scalar, low <= high else {
                throw invalid("a range of characters in order")
            }
            ranges.append(low.value...high.value)
        }
    }

    /// What stands behind a backslash: a set, and the scalar if it is one.
    private mutating func escape(inSet: Bool = false) throws -> (set: ScalarRanges, scalar: Unicode.Scalar?) {
        guard let next = peek() else { throw invalid("a character behind the backslash") }
        position += 1
        func one(_ scalar: Unicode.Scalar) -> (ScalarRanges, Unicode.Scalar?) {
            (ScalarRanges(CollectionOfOne(scalar)), scalar)
        }
        switch next {
        case "d": return (Self.digits, nil)
        case "D": return (Self.digits.inverted, nil)
        case "w": return (Self.words, nil)
        case "W": return (Self.words.inverted, nil)
        case "s": return (Self.spaces, nil)
        case "S": return (Self.spaces.inverted, nil)
        case "n": return one("\n")
        case "r": return one("\r")
        case "t": return one("\t")
        case "f": return one("\u{C}")
        case "v": return one("\u{B}")
        case "b" where inSet: return one("\u{8}")
        case "0" where !(peek().map { ("0"..."9").contains($0) } ?? false): return one("\0")
        case "x": return one(try hexadecimal(2))
        case "u": return one(try hexadecimal(4))
        case _ where !Self.words.contains(next): return one(next)
        default: throw unsupported("no '\\\(excerpt(String(next)))'")
        }
    }

    private mutating func hexadecimal(_ count: Int) throws -> Unicode.Scalar {
        var number: UInt32 = 0
        for _ in 0..<count {
            guard let next = peek(), next.isASCII, let digit = Character(next).hexDigitValue else {
                throw invalid("\(count) hexadecimal digits")
            }
            number = number << 4 | UInt32(digit)
            position += 1
        }
        guard let scalar = Unicode.Scalar(number) else { throw invalid("the number of a Unicode scalar") }
        return scalar
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    // MARK: Errors

    private func invalid(_ expected: String) -> JSONSchemaError { error(.invalid, expected) }
    private func unsupported(_ expected: String) -> JSONSchemaError { error(.unsupported, expected) }

    private func error(_ problem: JSONSchemaError.Problem, _ expected: String) -> JSONSchemaError {
        let place = Swift.min(position, scalars.count)
        return JSONSchemaError(
            problem: problem, path: value.path, expected: expected,
            found: "\(value) (at character \(place))")
    }
}
