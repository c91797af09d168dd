import AttentionJSON

/// Makes a grammar of a schema. What the grammar allows follows the schema;
/// ``Grammar/init(jsonSchema:options:)`` says which of the values that follow the schema it allows, and how
/// they are written.
struct SchemaCompiler {
    var reader: SchemaReader
    var builder: JSONGrammarBuilder
    /// The rules of conditions, and those that have no body yet. A schema that leads back to itself is a rule
    /// that does; and no depth of the schema is one of recursion.
    private var rules: [Int: Int] = [:]
    private var pending: [(rule: Int, condition: Int)] = []

    let writesAll: Bool

    init(_ root: JSONValue, _ options: JSONSchemaOptions) throws(GrammarError) {
        reader = SchemaReader(root, options)
        builder = try JSONGrammarBuilder(options)
        writesAll = options.breadth == .permitted
    }

    /// - Throws: ``JSONSchemaError`` and ``GrammarError``.
    mutating func grammar() throws -> Grammar {
        let root = try rule(try reader.condition(reader.root))
        while let (rule, condition) = pending.popLast() {
            builder.table.rules[rule].body = try body(condition)
        }
        return try Grammar(builder.table, root: root)
    }

    private mutating func rule(_ condition: Int) throws -> Int {
        if let known = rules[condition] { return known }
        let rule = try builder.table.addRule("schema")
        rules[condition] = rule
        pending.append((rule, condition))
        return rule
    }

    /// The values that follow a condition.
    mutating func expression(_ condition: Int) throws -> Int {
        switch reader.conditions[condition] {
        case .always: return builder.value
        case .never: return try builder.table.never()
        case .equal(let place):
            guard let value = reader.values[place] else { return try builder.table.never() }
            return try constant(value)
        default: return try builder.table.add(.rule(try rule(condition)))
        }
    }

    private mutating func body(_ condition: Int) throws -> Int {
        if let alternatives = try alternatives(of: condition) {
            var choices: [Int] = []
            for alternative in alternatives { choices.append(try expression(alternative)) }
            return try builder.table.choice(choices)
        }
        let set = try reader.values(condition, writesAll ? .exact : .meant)
        return try expression(of: writesAll ? set : set.asMeant)
    }

    /// The alternatives of a condition that is nothing but a choice: each is a rule by itself, however many
    /// there are and wherever they lead.
    private mutating func alternatives(of condition: Int) throws(JSONSchemaError) -> [Int]? {
        switch reader.conditions[condition] {
        case .any(let parts): return parts
        case .one(let parts, let place):
            let expanded = try reader.expanded(parts, place, condition, writesAll ? .exact : .meant)
            if case .any(let parts) = reader.conditions[expanded] { return parts }
            return [expanded]
        case .schema(let place):
            guard let schema = reader.values[place] else { return nil }
            let inner = try reader.reading(of: schema)
            switch reader.conditions[inner.condition] {
            case .any, .one: return inner.implied.isEmpty ? [inner.condition] : nil
            case .schema, .equal: return [inner.condition]
            case .always where !inner.implied.isEmpty: return nil
            default: return nil
            }
        default: return nil
        }
    }

    // MARK: Values

    private mutating func expression(of set: ValueSet) throws -> Int {
        var choices: [Int] = []
        for (single, text) in [(ValueSet.Types.null, "null"), (.true, "true"), (.false, "false")]
        where set.singles.contains(single) {
            choices.append(try builder.table.text(text))
        }
        for numbers in set.numbers { choices.append(try builder.numbers(numbers)) }
        for strings in set.strings { choices.append(try builder.strings(strings)) }
        for arrays in set.arrays { choices.append(try array(arrays)) }
        for objects in set.objects { choices.append(try object(objects)) }
        return try builder.table.choice(choices)
    }

    /// An array or an object of the schema, as it is written there but for white space. The reader of JSON
    /// bounds the depth of the recursion.
    private mutating func constant(_ value: JSONValue) throws -> Int {
        if let elements = value.elements {
            let items = try elements.map { try constant($0) }
            return try builder.array(items, rest: nil, items.count, items.count)
        }
        if let members = value.members {
            var items: [ListItem] = []
            for (name, value) in members {
                let name = try builder.table.text(jsonString(name.string))
                let member = try builder.member(name, try constant(value))
                items.append(ListItem(expression: member, isRequired: true))
            }
            return try builder.object(items, extra: nil, min: 0, max: nil)
        }
        if let string = value.stringValue { return try builder.table.text(jsonString(string)) }
        return try builder.table.text(value.literal)
    }
}
