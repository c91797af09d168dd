/// How much white space JSON may have.
public enum JSONWhitespace: Hashable, Sendable {
    /// None.
    case compact
    /// Behind brackets, colons and commas and before closing brackets: none, a space, or a new line and at
    /// most 40 spaces or tabs. So JSON can be on one line or indented, and a model cannot go on with nothing
    /// but space.
    case bounded
}

/// The parts of JSON (RFC 8259) as expressions.
///
/// Numbers have at most 16 digits before the point, 16 behind it and 3 in the exponent, so that a model
/// cannot go on with digits for ever.
struct JSONGrammarBuilder {
    var table = ExpressionTable()
    /// The optional white space.
    let space: Int
    /// One character of a string, plain or escaped.
    let character: Int
    let string: Int
    let number: Int
    let digits: Int
    /// Any value.
    let value: Int

    /// The scalars that stand for themselves in a string.
    static let plain = ScalarRanges([
        0x20...ScalarRanges.greatest
    ]).intersection(ScalarRanges(["\"", "\\"].map { (scalar: Unicode.Scalar) in scalar }).inverted)

    init(_ whitespace: JSONWhitespace) throws(GrammarError) {
        var table = ExpressionTable()
        let blanks = try table.add(.scalars(ScalarRanges([" ", "\t"] as [Unicode.Scalar])))
        let indent = try table.sequence(table.text("\n"), table.repeated(blanks, 0, 40))
        let some = try table.optional(table.choice(table.text(" "), indent))
        space =
            whitespace == .compact
            ? try table.empty() : try table.add(.rule(table.addRule("space", body: some)))

        // No rule of its own: a string's characters have to be one network, or every one of them ends a rule,
        // and what a token does would have to be found out anew from the place of each (30 ms a token instead
        // of 0.02).
        character = try Self.character(&table)
        let quote = try table.text("\"")
        string = try table.add(
            .rule(
                table.addRule("string", body: table.sequence(quote, table.repeated(character, 0, nil), quote))
            ))
        let digit = try table.scalars("0"..."9")
        digits = digit
        number = try table.add(.rule(table.addRule("number", body: Self.number(digit, &table))))
        let rule = try table.addRule("value")
        value = try table.add(.rule(rule))
        self.table = table
        let object = try self.table.addRule("object", body: object([], extra: member(string, value)))
        let array = try self.table.addRule("array", body: array(value, 0, nil))
        self.table.rules[rule].body = try self.table.choice(
            self.table.add(.rule(object)), self.table.add(.rule(array)), string, number,
            self.table.text("true"), self.table.text("false"), self.table.text("null"))
    }

    private static func character(_ table: inout ExpressionTable) throws(GrammarError) -> Int {
        let hex = try table.scalars("0"..."9", "A"..."F", "a"..."f")
        let simple = try table.add(.scalars(ScalarRanges(#""\/bfnrt"#.unicodeScalars)))
        let unpaired = try table.choice(
            table.sequence(
                table.scalars("0"..."9", "A"..."C", "E"..."F", "a"..."c", "e"..."f"), hex, hex, hex),
            table.sequence(table.scalars("D"..."D", "d"..."d"), table.scalars("0"..."7"), hex, hex))
        // Two escapes that are one scalar together.
        let pair = try table.sequence([
            table.scalars("D"..."D", "d"..."d"), table.scalars("8"..."9", "A"..."B", "a"..."b"), hex, hex,
            table.text("\\u"), table.scalars("D"..."D", "d"..."d"), table.scalars("C"..."F", "c"..."f"), hex,
            hex,
        ])
        let unicode = try table.sequence(table.text("u"), table.choice(unpaired, pair))
        return try table.choice(
            table.add(.scalars(plain)), table.sequence(table.text("\\"), table.choice(simple, unicode)))
    }

    private static func number(_ digit: Int, _ table: inout ExpressionTable) throws(GrammarError) -> Int {
        let whole = try table.choice(
            table.text("0"), table.sequence(table.scalars("1"..."9"), table.repeated(digit, 0, 15)))
        let fraction = try table.sequence(table.text("."), table.repeated(digit, 1, 16))
        let sign = try table.add(.scalars(ScalarRanges(["+", "-"] as [Unicode.Scalar])))
        let exponent = try table.sequence(
            table.add(.scalars(ScalarRanges(["e", "E"] as [Unicode.Scalar]))), table.optional(sign),
            table.repeated(digit, 1, 3))
        return try table.sequence(
            table.optional(table.text("-")), whole, table.optional(fraction), table.optional(exponent))
    }

    // MARK: Containers

    mutating func member(_ name: Int, _ value: Int) throws(GrammarError) -> Int {
        try table.sequence(name, table.text(":"), space, value)
    }

    /// An object of these members in this order, and any number of `extra` ones behind them.
    mutating func object(_ members: [ListItem], extra: Int?) throws(GrammarError) -> Int {
        let comma = try table.sequence(table.text(","), space)
        var items: [ListItem] = []
        for member in members {
            items.append(
                ListItem(
                    expression: try table.sequence(member.expression, space), isRequired: member.isRequired))
        }
        if let extra {
            let item = try table.sequence(extra, space)
            let rest = try table.repeated(table.sequence(comma, item), 0, nil)
            items.append(ListItem(expression: try table.sequence(item, rest), isRequired: false))
        }
        let list = items.isEmpty ? try table.empty() : try table.add(.list(items, separator: comma))
        return try table.sequence(table.text("{"), space, list, table.text("}"))
    }

    /// An array of `min` to `max` items.
    mutating func array(_ item: Int, _ min: Int, _ max: Int?) throws(GrammarError) -> Int {
        try array([], rest: item, min, max)
    }

    /// An array that begins with `prefix` and goes on with any number of `rest`.
    mutating func array(
        _ prefix: [Int], rest: Int?, _ min: Int, _ max: Int?
    ) throws(GrammarError) -> Int {
        let comma = try table.sequence(table.text(","), space)
        let prefix = try (max.map { prefix.prefix($0) } ?? prefix[...]).map { item throws(GrammarError) in
            try table.sequence(item, space)
        }
        let least = Swift.max(0, min - prefix.count)
        let most = rest == nil ? 0 : max.map { $0 - prefix.count }
        var tail = try table.empty()
        if let rest, most != 0 {
            let item = try table.sequence(rest, space)
            let later = try table.sequence(comma, item)
            if prefix.isEmpty {
                tail = try table.sequence(
                    item, table.repeated(later, Swift.max(0, least - 1), most.map { $0 - 1 }))
                if least == 0 { tail = try table.optional(tail) }
            } else {
                tail = try table.repeated(later, least, most)
            }
        } else if least > 0 {
            tail = try table.never()
        }
        // Each item stands only where the one before does.
        for (index, item) in prefix.enumerated().reversed() {
            tail = try index == 0 ? table.sequence(item, tail) : table.sequence(comma, item, tail)
            if index >= min { tail = try table.optional(tail) }
        }
        return try table.sequence(table.text("["), space, tail, table.text("]"))
    }
}
