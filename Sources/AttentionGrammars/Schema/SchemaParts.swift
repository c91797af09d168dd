import AttentionJSON

/// What several schemas demand together.
struct SchemaParts {
    /// The kinds of values; every integer is a number as well.
    struct Types: OptionSet {
        let rawValue: Int
        static let null = Types(rawValue: 1)
        static let boolean = Types(rawValue: 2)
        static let integer = Types(rawValue: 4)
        /// Numbers that are no integers.
        static let fraction = Types(rawValue: 8)
        static let string = Types(rawValue: 16)
        static let array = Types(rawValue: 32)
        static let object = Types(rawValue: 64)
        static let number: Types = [.integer, .fraction]
        static let all = Types(rawValue: 127)

        static let names: [String: Types] = [
            "null": .null, "boolean": .boolean, "integer": .integer, "number": .number, "string": .string,
            "array": .array, "object": .object,
        ]
    }

    /// Schemas all of which must hold. Values of the schema's text, so that they can be compared by place.
    typealias Conjunction = [JSONValue]

    struct Property {
        var name: String
        var schema: Conjunction
    }

    /// Alternatives of which one must hold as well.
    struct Choice {
        var alternatives: [JSONValue]
        /// The `oneOf` or `anyOf`.
        var source: JSONValue
        /// Whether no two may hold.
        var isExclusive: Bool
    }

    /// An end of a range of numbers, with or without the number itself.
    struct Bound {
        var value: Double
        var isInclusive: Bool
        var source: JSONValue
    }

    var types = Types.all
    /// Whether any schema says something about types, or about values of some types only.
    var impliedTypes: Types = []
    var saysTypes = false
    /// The values of `enum` and `const`; nil where any will do.
    var values: [JSONValue]?
    var minimum: Bound?
    var maximum: Bound?
    var minLength = 0
    var maxLength: Int?
    var pattern: JSONValue?
    var format: JSONValue?
    var properties: [Property] = []
    var required: [String] = []
    /// Schemas of members that are not named; nil where nothing is said about them.
    var additional: Conjunction?
    var prefix: [Conjunction] = []
    var items: Conjunction?
    var minItems = 0
    var maxItems: Int?
    var choices: [Choice] = []
    /// Keywords that restrict other things than the type, by which errors name them.
    var restricting: [(keyword: String, value: JSONValue)] = []
    /// Whether nothing follows it: a schema `false` is part of it.
    var isNever = false

    func schema(of name: String) -> Conjunction? { properties.first { $0.name == name }?.schema }
}

extension JSONValue {
    /// Whether the schema is `false`, which nothing follows.
    var isFalse: Bool { boolValue == false }

    /// A number, whole or not.
    var number: Double? { integerValue.map(Double.init) ?? doubleValue }

    /// A value in the shortest form, members in their order: to compare values, and to write them.
    var compact: String {
        if let string = stringValue { return jsonString(string) }
        if let elements { return "[" + elements.map(\.compact).joined(separator: ",") + "]" }
        if let members {
            return "{" + members.map { jsonString($0) + ":" + $1.compact }.joined(separator: ",") + "}"
        }
        return isNull ? "null" : boolValue.map { $0 ? "true" : "false" } ?? literal
    }

    var types: SchemaParts.Types {
        if isNull { return .null }
        if boolValue != nil { return .boolean }
        if stringValue != nil { return .string }
        if isArray { return .array }
        if isObject { return .object }
        return number.map { $0 == $0.rounded() } ?? false ? .integer : .fraction
    }
}
