/// The parts of JSON (RFC 8259) as expressions.
struct JSONGrammarBuilder {
    let options: JSONSchemaOptions
    var table = ExpressionTable()
    var contents: [ScalarRanges: Int] = [:]
    /// The optional white space.
    let space: Int
    /// One character of a string, plain or escaped.
    let character: Int
    let string: Int
    let number: Int
    /// Any value.
    let value: Int

    /// The scalars that stand for themselves in a string.
    static let plain = ScalarRanges([
        0x20...ScalarRanges.greatest
    ]).intersection(ScalarRanges(["\"", "\\"].map { (scalar: Unicode.Scalar) in scalar }).inverted)

    init(_ options: JSONSchemaOptions) throws(GrammarError) {
        self.options = options
        var table = ExpressionTable()
        let blanks = try table.add(.scalars(ScalarRanges([" ", "\t"] as [Unicode.Scalar])))
        let indent = try table.sequence(table.text("\n"), table.repeated(blanks, 0, 40))
        let some = try table.optional(table.choice(table.text(" "), indent))
        space =
            options.whitespace == .compact
            ? try table.empty() : try table.add(.rule(table.addRule("space", body: some)))

        // No rule of its own: a string's characters have to be one network, or every one of them ends a rule,
        // and what a token does would have to be found out anew from the place of each (30 ms a token instead
        // of 0.02).
        character = try Self.character(&table)
        let quote = try table.text("\"")
        let characters = try table.repeated(character, 0, options.lengths.stringLength)
        string = try table.add(
            .rule(table.addRule("string", body: table.sequence(quote, characters, quote))))
        let anyNumber = try Self.number(options.lengths, &table)
        number = try table.add(.rule(table.addRule("number", body: anyNumber)))
        let rule = try table.addRule("value")
        value = try table.add(.rule(rule))
        self.table = table
        let object = try self.table.addRule(
            "object", body: object([], extra: member(string, value), min: 0, max: nil))
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

    private static func number(
        _ lengths: JSONLengths, _ table: inout ExpressionTable
    ) throws(GrammarError) -> Int {
        let digit = try table.scalars("0"..."9")
        let whole = try table.choice(
            table.text("0"),
            table.sequence(
                table.scalars("1"..."9"), table.repeated(digit, 0, Swift.max(1, lengths.wholeDigits) - 1)))
        var parts = [try table.optional(table.text("-")), whole]
        if lengths.fractionDigits > 0 {
            let fraction = try table.sequence(
                table.text("."), table.repeated(digit, 1, lengths.fractionDigits))
            parts.append(try table.optional(fraction))
        }
        guard lengths.exponentDigits > 0 else { return try table.sequence(parts) }
        let sign = try table.add(.scalars(ScalarRanges(["+", "-"] as [Unicode.Scalar])))
        let exponent = try table.sequence(
            table.add(.scalars(ScalarRanges(["e", "E"] as [Unicode.Scalar]))), table.optional(sign),
            table.repeated(digit, 1, lengths.exponentDigits))
        return try table.sequence(parts + [table.optional(exponent)])
    }

    // MARK: Containers

    mutating func member(_ name: Int, _ value: Int) throws(GrammarError) -> Int {
        try table.sequence(name, table.text(":"), space, value)
    }

    /// An object of these members in this order, and `extra` ones behind them; of `min` to `max` members
    /// together.
    ///
    /// - Throws: ``GrammarError``, of the problem `neverMatches` where there cannot be so many.
    mutating func object(
        _ members: [ListItem], extra: Int?, min: Int, max: Int?
    ) throws(GrammarError) -> Int {
        try table.sequence(
            table.text("{"), space, list(members, extra: extra, min: min, max: max), table.text("}"))
    }

    /// An array of some of these items in this order.
    mutating func array(inOrder items: [ListItem], min: Int, max: Int?) throws(GrammarError) -> Int {
        try table.sequence(
            table.text("["), space, list(items, extra: nil, min: min, max: max), table.text("]"))
    }

    private mutating func list(
        _ members: [ListItem], extra: Int?, min: Int, max: Int?
    ) throws(GrammarError) -> Int {
        let comma = try table.sequence(table.text(","), space)
        var items: [ListItem] = []
        for member in members {
            items.append(
                ListItem(
                    expression: try table.sequence(member.expression, space), isRequired: member.isRequired))
        }
        let required = items.count(where: \.isRequired)
        if let max, max < Swift.max(min, required) { return try table.never() }
        if extra == nil, min > items.count { return try table.never() }
        let more = try extra.map { extra throws(GrammarError) in try table.sequence(extra, space) }
        let isCounted = min > required || max.map { extra != nil || $0 < items.count } ?? false
        guard isCounted else {
            if let more {
                let rest = try table.repeated(table.sequence(comma, more), 0, nil)
                items.append(ListItem(expression: try table.sequence(more, rest), isRequired: false))
            }
            return items.isEmpty ? try table.empty() : try table.add(.list(items, separator: comma))
        }
        return required == items.count
            ? try counted(items, comma, more, min, max) : try graph(items, comma, more, min, max)
    }

    /// Members all of which have to be there, and so many more.
    private mutating func counted(
        _ items: [ListItem], _ comma: Int, _ more: Int?, _ min: Int, _ max: Int?
    ) throws(GrammarError) -> Int {
        var parts: [Int] = []
        for item in items { parts += parts.isEmpty ? [item.expression] : [comma, item.expression] }
        guard let more else { return try table.sequence(parts) }
        let later = try table.sequence(comma, more)
        let (least, most) = (Swift.max(0, min - items.count), max.map { $0 - items.count })
        if !items.isEmpty { return try table.sequence(parts + [table.repeated(later, least, most)]) }
        guard most != 0 else { return try table.empty() }
        let some = try table.sequence(
            more, table.repeated(later, Swift.max(0, least - 1), most.map { $0 - 1 }))
        return least == 0 ? try table.optional(some) : some
    }

    /// How many of the items have been passed, and how many members have been written.
    private struct Place: Hashable {
        var index: Int
        var count: Int
    }

    /// Members some of which need not be there, counted.
    private mutating func graph(
        _ items: [ListItem], _ comma: Int, _ more: Int?, _ min: Int, _ max: Int?
    ) throws(GrammarError) -> Int {
        var graph = GraphBuilder(start: Place(index: 0, count: 0))
        let empty = try table.empty()
        // More members than are told apart count as this many.
        let greatest = max ?? Swift.max(1, min)
        while let (number, place) = graph.next() {
            let isLast = place.index == items.count
            graph.states[number].isAccepting = isLast && place.count >= min
            let canGrow = max == nil || place.count < greatest
            var edges: [(Place, Int)] = []
            if let item = isLast ? more : items[place.index].expression, canGrow {
                let next = Place(
                    index: place.index + (isLast ? 0 : 1), count: Swift.min(place.count + 1, greatest))
                edges.append((next, place.count == 0 ? item : try table.sequence(comma, item)))
            }
            if !isLast, !items[place.index].isRequired {
                edges.append((Place(index: place.index + 1, count: place.count), empty))
            }
            for (next, expression) in edges where !graph.add(next, from: number, expression) {
                throw .tooLarge("counts of members", limit: GrammarLimits.graphStates)
            }
        }
        return try table.add(graph.graph)
    }

    /// An item of an array as a graph has it.
    mutating func item(_ item: Int, isFirst: Bool) throws(GrammarError) -> Int {
        let item = try table.sequence(item, space)
        return isFirst ? item : try table.sequence(table.text(","), space, item)
    }

    /// The arrays whose items lie along the ways through a graph.
    mutating func array<Key>(_ items: GraphBuilder<Key>) throws(GrammarError) -> Int {
        try table.sequence(table.text("["), space, table.add(items.graph), table.text("]"))
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
