/// Reads the notation of a ``RegularExpression``. Open groups lie on a stack of its own, so that the depth of
/// the text is bounded and is no depth of recursion.
struct RegularExpressionReader {
    typealias Node = RegularExpression.Node

    let scalars: [Unicode.Scalar]
    var position = 0

    private enum Kind {
        case plain
        case lookAhead(isNegated: Bool)
    }

    private struct Group {
        var kind = Kind.plain
        var alternatives: [Node] = []
        var sequence: [Node] = []
    }

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func read() throws(RegularExpressionError) -> Node {
        var groups = [Group()]
        while let next = peek() {
            position += 1
            switch next {
            case "(":
                guard groups.count <= GrammarLimits.depth else {
                    throw error(.tooLarge, "at most \(GrammarLimits.depth) groups within each other")
                }
                groups.append(Group(kind: try groupKind()))
            case ")":
                guard groups.count > 1 else { throw error(.invalid, "a group that this ')' ends") }
                let group = close(&groups)
                groups[groups.count - 1].sequence.append(group)
            case "|":
                groups[groups.count - 1].alternatives.append(.sequence(groups[groups.count - 1].sequence))
                groups[groups.count - 1].sequence = []
            case "^": groups[groups.count - 1].sequence.append(.assertion(.start))
            case "$": groups[groups.count - 1].sequence.append(.assertion(.end))
            case "*", "+", "?":
                position -= 1
                try repeatLast(&groups, try repetition())
            case "{" where isRepetition:
                position -= 1
                try repeatLast(&groups, try repetition())
            case "\\" where peek() == "b" || peek() == "B":
                groups[groups.count - 1].sequence.append(
                    .assertion(peek() == "b" ? .boundary : .noBoundary))
                position += 1
            default:
                position -= 1
                groups[groups.count - 1].sequence.append(.scalars(try set()))
            }
        }
        guard groups.count == 1 else { throw error(.invalid, "')' at the group's end") }
        return close(&groups)
    }

    private func close(_ groups: inout [Group]) -> Node {
        let group = groups.removeLast()
        let last = Node.sequence(group.sequence)
        let body = group.alternatives.isEmpty ? last : .choice(group.alternatives + [last])
        switch group.kind {
        case .plain: return body
        case .lookAhead(let isNegated): return .lookAhead(body, isNegated: isNegated)
        }
    }

    private mutating func groupKind() throws(RegularExpressionError) -> Kind {
        guard accept("?") else { return .plain }
        if accept(":") { return .plain }
        if accept("=") { return .lookAhead(isNegated: false) }
        if accept("!") { return .lookAhead(isNegated: true) }
        guard accept("<") else { throw error(.unsupported, "no flags within a pattern") }
        guard peek() != "=", peek() != "!" else { throw error(.unsupported, "no look behind") }
        while let next = peek(), next != ">" { position += 1 }
        guard accept(">") else { throw error(.invalid, "'>' behind the group's name") }
        return .plain
    }

    // MARK: Repetitions

    private mutating func repeatLast(
        _ groups: inout [Group], _ bounds: (min: Int, max: Int?)
    ) throws(RegularExpressionError) {
        guard let part = groups[groups.count - 1].sequence.popLast() else {
            throw error(.invalid, "something to repeat")
        }
        if case .assertion = part { throw error(.invalid, "something to repeat") }
        if case .lookAhead = part { throw error(.unsupported, "no repetition of a look ahead") }
        groups[groups.count - 1].sequence.append(.repeated(part, min: bounds.min, max: bounds.max))
    }

    /// Whether bounds follow the brace before `position`. Any other brace is a character.
    private var isRepetition: Bool {
        guard let first = peek(), ("0"..."9").contains(first) else { return false }
        var index = position
        while index < scalars.count, ("0"..."9").contains(scalars[index]) || scalars[index] == "," {
            index += 1
        }
        return index < scalars.count && scalars[index] == "}"
    }

    private mutating func repetition() throws(RegularExpressionError) -> (Int, Int?) {
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
                guard accept(",") else { throw error(.invalid, "',' or '}' in a repetition") }
                let max = peek() == "}" ? nil : try count()
                guard accept("}") else { throw error(.invalid, "'}' at a repetition's end") }
                guard max.map({ min <= $0 }) ?? true else {
                    throw error(.invalid, "a repetition's bounds in order")
                }
                bounds = (min, max)
            }
        }
        // Whether as much or as little as possible is taken makes no difference to what matches.
        _ = accept("?")
        return bounds
    }

    private mutating func count() throws(RegularExpressionError) -> Int {
        var number: Int?
        while let digit = peek(), ("0"..."9").contains(digit) {
            number = Swift.min((number ?? 0) * 10 + Int(digit.value - 0x30), GrammarLimits.repetition + 1)
            position += 1
        }
        guard let number else { throw error(.invalid, "a number") }
        guard number <= GrammarLimits.repetition else {
            throw error(.tooLarge, "a number up to \(GrammarLimits.repetition)")
        }
        return number
    }

    // MARK: Scalars and errors

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    func error(
        _ problem: RegularExpressionError.Problem, _ expected: String
    ) -> RegularExpressionError {
        RegularExpressionError(
            problem: problem, position: Swift.min(position, scalars.count), expected: expected)
    }
}
