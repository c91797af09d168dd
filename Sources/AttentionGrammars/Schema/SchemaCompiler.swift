import AttentionJSON

/// Makes a grammar of a schema: what it allows follows the schema, though not all that follows the schema
/// need be allowed, such as members in another order.
struct SchemaCompiler {
    let reader: SchemaReader
    var builder: JSONGrammarBuilder
    /// The rules of schemas, by their places in the text, and those that have no body yet. A schema that
    /// leads back to itself is a rule that does; and no depth of the schema is one of recursion.
    private var rules: [[Int]: Int] = [:]
    private var pending: [(rule: Int, schema: SchemaParts.Conjunction)] = []
    private var checked: Set<Int> = []

    private static let greatestChoice = 256

    init(_ root: JSONValue, _ whitespace: JSONWhitespace) throws {
        reader = SchemaReader(root: root)
        builder = try JSONGrammarBuilder(whitespace)
    }

    /// - Throws: ``JSONSchemaError`` and ``GrammarError``.
    mutating func grammar() throws -> Grammar {
        let root = try rule([reader.root])
        while let (rule, schema) = pending.popLast() {
            builder.table.rules[rule].body = try body(schema)
        }
        return try Grammar(builder.table, root: root)
    }

    private mutating func rule(_ schema: SchemaParts.Conjunction) throws -> Int {
        let key = Set(schema.map(\.index)).sorted()
        if let known = rules[key] { return known }
        let rule = try builder.table.addRule("schema")
        rules[key] = rule
        pending.append((rule, schema))
        return rule
    }

    mutating func expression(_ schema: SchemaParts.Conjunction) throws -> Int {
        if schema.allSatisfy({ $0.boolValue == true || $0.members?.first { _ in true } == nil && $0.isObject }
        ) {
            return builder.value
        }
        return try builder.table.add(.rule(rule(schema)))
    }

    private mutating func body(_ schema: SchemaParts.Conjunction) throws -> Int {
        let parts = try reader.parts(schema)
        if parts.isNever { return try builder.table.never() }
        guard let choice = parts.choices.first else { return try value(parts) }
        if choice.isExclusive, checked.insert(choice.source.index).inserted {
            var disjointness = Disjointness(reader: reader)
            try disjointness.check(choice.alternatives, choice.source)
        }
        return try alternatives(choice, besides: parts, schema)
    }

    /// A choice among alternatives: each of them together with everything else that is demanded.
    private mutating func alternatives(
        _ choice: SchemaParts.Choice, besides parts: SchemaParts, _ schema: SchemaParts.Conjunction
    ) throws -> Int {
        guard choice.alternatives.count <= Self.greatestChoice else {
            throw JSONSchemaError(
                problem: .tooLarge, path: choice.source.path,
                expected: "at most \(Self.greatestChoice) alternatives", found: "\(choice.alternatives.count)"
            )
        }
        // Nothing else is demanded in most schemas; then each alternative is a schema by itself.
        if parts.choices.count == 1, !parts.saysTypes, parts.restricting.isEmpty, parts.values == nil,
            parts.types == .all
        {
            var expressions: [Int] = []
            for alternative in choice.alternatives { expressions.append(try expression([alternative])) }
            return try builder.table.choice(expressions)
        }
        var combined: [SchemaParts] = [parts.withoutChoices]
        for group in parts.choices {
            guard combined.count * group.alternatives.count <= Self.greatestChoice else {
                throw JSONSchemaError(
                    problem: .tooLarge, path: group.source.path,
                    expected: "at most \(Self.greatestChoice) combinations of alternatives", found: "more")
            }
            if group.isExclusive, checked.insert(group.source.index).inserted {
                var disjointness = Disjointness(reader: reader)
                try disjointness.check(group.alternatives, group.source)
            }
            var next: [SchemaParts] = []
            for alternative in group.alternatives {
                let own = try reader.parts([alternative])
                guard own.choices.isEmpty else {
                    throw JSONSchemaError(
                        problem: .unsupported, path: alternative.path,
                        expected: "no choice in an alternative that stands beside other keywords",
                        found: "one")
                }
                if own.isNever { continue }
                for first in combined {
                    var both = first
                    try both.add(own, reader: reader)
                    next.append(both)
                }
            }
            combined = next
        }
        var expressions: [Int] = []
        for parts in combined { expressions.append(try value(parts)) }
        return try builder.table.choice(expressions)
    }

    // MARK: Values

    private mutating func value(_ parts: SchemaParts) throws -> Int {
        var parts = parts
        parts.types = parts.writtenTypes
        if let values = parts.values { return try constants(values, parts) }
        if parts.types == .all, parts.restricting.isEmpty { return builder.value }
        var choices: [Int] = []
        if parts.types.contains(.null) { choices.append(try builder.table.text("null")) }
        if parts.types.contains(.boolean) {
            choices += [try builder.table.text("true"), try builder.table.text("false")]
        }
        if parts.types.contains(.fraction) {
            choices.append(try number(parts))
        } else if parts.types.contains(.integer) {
            choices.append(try integer(parts))
        }
        if parts.types.contains(.string) { choices.append(try string(parts)) }
        if parts.types.contains(.array) { choices.append(try array(parts)) }
        if parts.types.contains(.object) { choices.append(try object(parts)) }
        return try builder.table.choice(choices)
    }

    /// The values of `enum` and `const`, as they are written but for white space.
    private mutating func constants(_ values: [JSONValue], _ parts: SchemaParts) throws -> Int {
        if let (keyword, value) = parts.restricting.first {
            throw reader.unsupported(value, "no '\(keyword)' beside 'enum' or 'const'")
        }
        let fitting = values.filter { !$0.types.isDisjoint(with: parts.types) }
        return try builder.table.choice(fitting.map { try constant($0) })
    }

    /// The reader of the schema bounds the depth of the recursion.
    private mutating func constant(_ value: JSONValue) throws -> Int {
        if let elements = value.elements {
            let items = try elements.map { try constant($0) }
            return try builder.array(items, rest: nil, items.count, items.count)
        }
        if let members = value.members {
            let items = try members.map { name, value in
                let member = try builder.member(builder.table.text(jsonString(name)), constant(value))
                return ListItem(expression: member, isRequired: true)
            }
            return try builder.object(items, extra: nil)
        }
        return try builder.table.text(value.compact)
    }
}
