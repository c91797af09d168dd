import AttentionJSON

/// Reads the notation of llama.cpp's grammars (GBNF).
///
/// Open groups lie on a stack of its own, so that the depth of the text is never a depth of recursion.
struct GrammarReader {
    let scalars: [Unicode.Scalar]
    var position = 0
    var table = ExpressionTable()
    private var ruleNumbers: [ExactString: Int] = [:]
    /// The beginnings of the lines.
    private let lines: [Int]

    /// A rule or a group that is being read.
    private struct Group {
        var start: Int
        var alternatives: [Int] = []
        var sequence: [Int] = []
    }

    init(_ text: String) throws(GrammarError) {
        guard text.utf8.count <= GrammarLimits.textBytes else {
            throw .tooLarge("bytes of text", limit: GrammarLimits.textBytes)
        }
        let scalars = Array(text.unicodeScalars)
        self.scalars = scalars
        lines = [0] + scalars.indices.filter { scalars[$0] == "\n" }.map { $0 + 1 }
    }

    /// Reads all rules, and returns the number of the one that texts are matched against.
    mutating func read(root: String) throws(GrammarError) -> Int {
        skipSpace(newlines: true)
        while peek() != nil {
            try readRule()
            skipSpace(newlines: true)
        }
        for rule in table.rules where rule.body == nil {
            throw GrammarError(
                .undefinedRule, line: rule.line, column: rule.column, expected: "a rule that is defined",
                found: quoted(rule.name))
        }
        guard let number = ruleNumbers[ExactString(root)] else {
            throw GrammarError(.undefinedRule, expected: "a rule \(quoted(root))", found: "none")
        }
        return number
    }

    // MARK: Rules

    private mutating func readRule() throws(GrammarError) {
        let start = position
        guard let name = readName() else { throw unexpected("a rule's name") }
        skipSpace(newlines: false)
        guard accept("::=") else { throw unexpected("'::=' behind the rule's name") }
        skipSpace(newlines: true)
        let rule = try number(of: name, at: start)
        guard table.rules[rule].body == nil else {
            throw error(.repeatedRule, at: start, "each rule once", "\(quoted(name)) again")
        }
        table.rules[rule].body = try readAlternatives()
        (table.rules[rule].line, table.rules[rule].column) = place(of: start)
    }

    /// The number of a rule, defined or not yet.
    private mutating func number(of name: String, at start: Int) throws(GrammarError) -> Int {
        if let known = ruleNumbers[ExactString(name)] { return known }
        let rule = try table.addRule(name)
        (table.rules[rule].line, table.rules[rule].column) = place(of: start)
        ruleNumbers[ExactString(name)] = rule
        return rule
    }

    private mutating func readAlternatives() throws(GrammarError) -> Int {
        var groups = [Group(start: position)]
        while true {
            skipSpace(newlines: groups.count > 1)
            guard let next = peek(), next != "\n", next != "\r" else {
                guard groups.count == 1 else {
                    throw unexpected(
                        "')' for the group that begins at \(describe(groups[groups.count - 1].start))")
                }
                return try close(&groups)
            }
            switch next {
            case "(":
                guard groups.count <= GrammarLimits.depth else {
                    throw error(
                        .tooLarge, at: position, "at most \(GrammarLimits.depth) groups within each other",
                        "more")
                }
                groups.append(Group(start: position))
                position += 1
            case ")":
                guard groups.count > 1 else { throw unexpected("the rule to go on or to end") }
                position += 1
                let group = try close(&groups)
                groups[groups.count - 1].sequence.append(group)
            case "|":
                position += 1
                skipSpace(newlines: true)
                let sequence = try table.sequence(groups[groups.count - 1].sequence)
                groups[groups.count - 1].alternatives.append(sequence)
                groups[groups.count - 1].sequence = []
            case "*", "+", "?", "{":
                guard let repeated = groups[groups.count - 1].sequence.popLast() else {
                    throw unexpected("something to repeat before the repetition")
                }
                let (min, max) = try readRepetition()
                groups[groups.count - 1].sequence.append(try table.repeated(repeated, min, max))
            default:
                groups[groups.count - 1].sequence.append(try readSymbol(next))
            }
        }
    }

    /// Ends the innermost group and returns its expression.
    private mutating func close(_ groups: inout [Group]) throws(GrammarError) -> Int {
        guard let group = groups.popLast() else { preconditionFailure("a rule has at least one group") }
        return try table.choice(group.alternatives + [try table.sequence(group.sequence)])
    }

    private mutating func readSymbol(_ next: Unicode.Scalar) throws(GrammarError) -> Int {
        switch next {
        case "\"": return try table.add(.literal(try readLiteral()))
        case "[": return try table.add(.scalars(try readClass()))
        case ".":
            position += 1
            return try table.add(.scalars(.all))
        case "<", "!":
            throw error(
                .unsupported, at: position, "text", "a reference to a token, which is not implemented")
        default:
            let start = position
            guard let name = readName() else { throw unexpected("a rule's name, text, '[', '(' or '.'") }
            return try table.add(.rule(try number(of: name, at: start)))
        }
    }

    private mutating func readName() -> String? {
        let start = position
        while let next = peek(), next.isASCII,
            next.properties.isAlphabetic || ("0"..."9").contains(next)
                || next == "-" || next == "_"
        {
            position += 1
        }
        guard position > start else { return nil }
        return String(String.UnicodeScalarView(scalars[start..<position]))
    }

    // MARK: Scalars

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func accept(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    mutating func skipSpace(newlines: Bool) {
        while let next = peek() {
            if next == "#" {
                while let inside = peek(), inside != "\n", inside != "\r" { position += 1 }
            } else if next == " " || next == "\t" || newlines && (next == "\n" || next == "\r") {
                position += 1
            } else {
                return
            }
        }
    }

    // MARK: Errors

    func unexpected(_ expected: String) -> GrammarError {
        error(
            .syntax, at: position, expected,
            peek().map { $0 == "\n" ? "the end of the line" : quoted(String($0)) } ?? "the end of the text")
    }

    func error(
        _ problem: GrammarError.Problem, at offset: Int, _ expected: String, _ found: String
    ) -> GrammarError {
        let (line, column) = place(of: offset)
        return GrammarError(problem, line: line, column: column, expected: expected, found: found)
    }

    private func describe(_ offset: Int) -> String {
        let (line, column) = place(of: offset)
        return "line \(line), column \(column)"
    }

    private func place(of offset: Int) -> (line: Int, column: Int) {
        var low = 0
        var high = lines.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - lines[low] + 1)
    }
}
