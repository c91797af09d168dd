import AttentionJSON

extension JSONGrammarBuilder {
    /// The strings of a set, in quotes.
    mutating func strings(_ set: StringSet) throws(GrammarError) -> Int {
        if let values = set.values {
            return try table.choice(
                values.map { value throws(GrammarError) in try table.text(jsonString(value.string)) })
        }
        let most = set.maxLength ?? options.lengths.stringLength.map { Swift.max($0, set.minLength) }
        guard !set.automata.isEmpty || !set.excluded.isEmpty else {
            guard set.minLength > 0 || most != nil else { return string }
            let quote = try table.text("\"")
            return try table.sequence(quote, table.repeated(character, set.minLength, most), quote)
        }
        return try string(set.automaton())
    }

    /// The strings of an automaton, in quotes.
    mutating func string(_ automaton: TextAutomaton) throws(GrammarError) -> Int {
        let quote = try table.text("\"")
        return try table.sequence(quote, text(automaton), quote)
    }

    /// The texts of an automaton as they stand in a string.
    mutating func text(_ automaton: TextAutomaton) throws(GrammarError) -> Int {
        guard !automaton.isEmpty else { return try table.never() }
        var states: [ExpressionGraph.State] = []
        for (number, state) in automaton.states.enumerated() {
            var targets: [Int32: [ClosedRange<UInt32>]] = [:]
            var first: UInt32 = 0
            for edge in state.edges {
                if automaton.isAlive[number], automaton.isAlive[Int(edge.target)] {
                    targets[edge.target, default: []].append(first...edge.last)
                }
                first = edge.last + 1
            }
            var edges: [ExpressionGraph.Edge] = []
            for (target, ranges) in targets.sorted(by: { $0.key < $1.key }) {
                edges.append(.init(expression: try content(ScalarRanges(ranges)), target: Int(target)))
            }
            states.append(.init(edges: edges, isAccepting: state.isAccepting))
        }
        return try table.add(ExpressionGraph(states: states))
    }

    /// A set of characters as they stand in a string: those that must be escaped in their shortest form.
    private mutating func content(_ scalars: ScalarRanges) throws(GrammarError) -> Int {
        if let known = contents[scalars] { return known }
        var parts: [Int] = []
        let plain = scalars.intersection(Self.plain)
        if !plain.isEmpty { parts.append(try table.add(.scalars(plain))) }
        let escaped = scalars.intersection(Self.plain.inverted)
        // After the backslash: a letter, or the number of a control character.
        var letters: [Unicode.Scalar] = []
        var digits: [[Unicode.Scalar]] = [[], []]
        for value in escaped.ranges.joined() {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let escape = Array(jsonString(String(scalar)).unicodeScalars.dropFirst(2).dropLast())
            if escape.count == 1 {
                letters.append(escape[0])
            } else {
                digits[value < 16 ? 0 : 1].append(escape[escape.count - 1])
            }
        }
        var escapes: [Int] = []
        if !letters.isEmpty { escapes.append(try table.add(.scalars(ScalarRanges(letters)))) }
        for (high, low) in digits.enumerated() where !low.isEmpty {
            escapes.append(
                try table.sequence(table.text("u00\(high)"), table.add(.scalars(ScalarRanges(low)))))
        }
        if !escapes.isEmpty {
            parts.append(try table.sequence(table.text("\\"), table.choice(escapes)))
        }
        let content = try table.choice(parts)
        contents[scalars] = content
        return content
    }
}
