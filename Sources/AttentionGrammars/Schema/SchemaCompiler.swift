import AttentionJSON

/// Makes a grammar of a schema: what it allows follows the schema, though not all that follows the schema need be
/// allowed, such as members in another order.
struct SchemaCompiler {
    private let reader: SchemaReader
    private var builder: JSONGrammarBuilder
    /// The rules of schemas, by their places in the text, and those that have no body yet. A schema that leads back to
    /// itself is a rule that does; and no depth of the schema is one of recursion.
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

    private mutating func expression(_ schema: SchemaParts.Conjunction) throws -> Int {
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

    // MARK: Numbers

    /// As far as every whole number is a number of its own.
    private static let greatestBound = 9_007_199_254_740_992.0

    private func checked(_ bound: SchemaParts.Bound?) throws -> SchemaParts.Bound? {
        guard let bound else { return nil }
        guard abs(bound.value) < Self.greatestBound else {
            throw reader.unsupported(bound.source, "a bound between -2^53 and 2^53")
        }
        return bound
    }

    private mutating func integer(_ parts: SchemaParts) throws -> Int {
        let lower = try checked(parts.minimum).map { bound in
            let least = Int(bound.value.rounded(.up))
            return Double(least) == bound.value && !bound.isInclusive ? least + 1 : least
        }
        let upper = try checked(parts.maximum).map { bound in
            let most = Int(bound.value.rounded(.down))
            return Double(most) == bound.value && !bound.isInclusive ? most - 1 : most
        }
        return try builder.integers(.init(lower: lower, upper: upper))
    }

    private mutating func number(_ parts: SchemaParts) throws -> Int {
        func end(_ bound: SchemaParts.Bound?) throws -> JSONGrammarBuilder.End? {
            guard let bound = try checked(bound) else { return nil }
            guard bound.value == bound.value.rounded() else {
                throw reader.unsupported(bound.source, "a whole number as the bound of numbers")
            }
            return .init(value: Int(bound.value), isInclusive: bound.isInclusive)
        }
        if parts.minimum == nil, parts.maximum == nil { return builder.number }
        return try builder.numbers(end(parts.minimum), end(parts.maximum))
    }

    // MARK: Strings

    private mutating func string(_ parts: SchemaParts) throws -> Int {
        if let format = parts.format {
            guard let name = format.stringValue, let expression = try builder.format(name) else {
                throw reader.unsupported(
                    format, "one of the formats \(JSONGrammarBuilder.formats.joined(separator: ", "))")
            }
            guard parts.pattern == nil, parts.minLength == 0, parts.maxLength == nil else {
                throw reader.unsupported(format, "no 'pattern' and no length beside 'format'")
            }
            return expression
        }
        if let pattern = parts.pattern {
            guard parts.minLength == 0, parts.maxLength == nil else {
                throw reader.unsupported(pattern, "no length beside 'pattern'")
            }
            guard let source = pattern.stringValue else {
                throw reader.invalid(pattern, "a regular expression")
            }
            var patterns = PatternReader(source, value: pattern, reader: reader, builder: builder)
            let content = try patterns.read()
            builder = patterns.builder
            let quote = try builder.table.text("\"")
            return try builder.table.sequence(quote, content, quote)
        }
        if let most = parts.maxLength, most < parts.minLength { return try builder.table.never() }
        return try builder.string(parts.minLength, parts.maxLength)
    }

    // MARK: Arrays and objects

    private mutating func array(_ parts: SchemaParts) throws -> Int {
        if let most = parts.maxItems, most < parts.minItems { return try builder.table.never() }
        var prefix = try parts.prefix.map { try expression($0) }
        var rest: Int?
        if let items = parts.items {
            // Items that nothing can be are none.
            if !items.contains(where: \.isFalse) { rest = try expression(items) }
        } else if prefix.isEmpty || parts.minItems > prefix.count {
            rest = builder.value
        }
        if let impossible = parts.prefix.firstIndex(where: { $0.contains(where: \.isFalse) }) {
            if parts.minItems > impossible { return try builder.table.never() }
            prefix.removeLast(prefix.count - impossible)
            rest = nil
        }
        return try builder.array(prefix, rest: rest, parts.minItems, parts.maxItems)
    }

    private mutating func object(_ parts: SchemaParts) throws -> Int {
        let required = Set(parts.required)
        let known = Set(parts.properties.map(\.name))
        var extra: Int?
        if let additional = parts.additional {
            if !additional.contains(where: \.isFalse) { extra = try expression(additional) }
        } else if parts.properties.isEmpty, parts.required.isEmpty {
            // Only where nothing is named: a model that may invent members will.
            extra = builder.value
        }
        var items: [ListItem] = []
        for property in parts.properties {
            let isRequired = required.contains(property.name)
            if property.schema.contains(where: \.isFalse) {
                if isRequired { return try builder.table.never() }
                continue
            }
            items.append(try item(property.name, try expression(property.schema), isRequired))
        }
        for name in parts.required where !known.contains(name) {
            guard let value = parts.additional == nil ? builder.value : extra else {
                return try builder.table.never()
            }
            items.append(try item(name, value, true))
        }
        let names = Array(known.union(required)).sorted()
        let others = try extra.map { try builder.member(builder.string(notOneOf: names), $0) }
        return try builder.object(items, extra: others)
    }

    private mutating func item(_ name: String, _ value: Int, _ isRequired: Bool) throws -> ListItem {
        let name = try builder.table.text(jsonString(name))
        return ListItem(expression: try builder.member(name, value), isRequired: isRequired)
    }
}
