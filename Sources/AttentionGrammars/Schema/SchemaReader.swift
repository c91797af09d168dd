import AttentionJSON

/// Reads schemas as conditions.
///
/// Every keyword of the specification is implemented or refused by name. Any other is an annotation, which
/// says nothing about what is valid (JSON Schema 2020-12, core, section 4.3.1).
struct SchemaReader {
    /// The result of reading a schema.
    struct Reading {
        var condition = ConditionTable.always
        /// As in ``ValueSet``.
        var implied: ValueSet.Types = []
        var saysTypes = false
    }

    let root: JSONValue
    let options: JSONSchemaOptions
    let isDraft7: Bool
    var conditions = ConditionTable()
    /// The places within objects that have a `$id` of their own.
    let resources: Set<Int>
    /// The places that anchors name, once one has been looked up.
    var anchors: [ExactString: [JSONValue]]?
    /// The values that conditions refer to by their places.
    private(set) var values: [Int: JSONValue] = [:]

    private var readings: [Int: Reading] = [:]
    var patterns: [ExactString: TextAutomaton] = [:]
    var formats: [ExactString: TextAutomaton] = [:]

    // Results that SchemaReader+Values.swift keeps.
    var sets: [SetKey: ValueSet] = [:]
    var underway: Set<SetKey> = []
    var equalities: [Int: Int] = [:]
    var expansions: [SetKey: Int] = [:]
    var stepsLeft = GrammarLimits.schemaSteps
    var comparisonsLeft = GrammarLimits.comparisons

    init(_ root: JSONValue, _ options: JSONSchemaOptions) {
        self.root = root
        self.options = options
        let dialect = root["$schema"]?.stringValue ?? ""
        isDraft7 =
            ["draft-07", "draft-06", "draft-04"].contains(where: ExactString(dialect).contains)
            || dialect.isEmpty && options.dialect == .draft7
        resources = Self.resources(below: root)
    }

    /// Reads a schema; a schema that was read before is not read again.
    mutating func reading(of schema: JSONValue) throws(JSONSchemaError) -> Reading {
        if let known = readings[schema.index] { return known }
        var reading = Reading()
        if let isTrue = schema.boolValue {
            reading.condition = isTrue ? ConditionTable.always : ConditionTable.never
        } else {
            guard schema.isObject else { throw invalid(schema, "an object, true or false") }
            var parts: [Int] = []
            if isDraft7, let reference = schema["$ref"] {
                parts = [try condition(try target(of: reference))]
            } else if let members = schema.members {
                for (name, value) in members {
                    parts += try read(name, value, in: schema, &reading)
                }
            }
            reading.condition = try conditions.all(parts)
        }
        readings[schema.index] = reading
        return reading
    }

    /// Keywords beside which the values of `const` and `enum` are found without looking at other schemas.
    private static let plain: Set<ExactString> = [
        "const", "enum", "type", "title", "description", "default", "examples", "$comment", "deprecated",
    ]

    /// The condition that a value follows a schema.
    mutating func condition(_ schema: JSONValue) throws(JSONSchemaError) -> Int {
        if let isTrue = schema.boolValue { return isTrue ? ConditionTable.always : ConditionTable.never }
        guard let members = schema.members else { throw invalid(schema, "an object, true or false") }
        guard schema.memberBound > 0 else { return ConditionTable.always }
        if schema["const"] != nil || schema["enum"] != nil,
            members.allSatisfy({ Self.plain.contains($0.name) })
        {
            // A few values are known as such, so that it is seen at once where they exclude each other.
            let condition = try reading(of: schema).condition
            if condition == ConditionTable.never || conditions.isFinite(condition) { return condition }
        }
        values[schema.index] = schema
        return try conditions.add(.schema(schema.index))
    }

    /// The condition that a value is equal to one in the schema.
    mutating func condition(equalTo value: JSONValue) throws(JSONSchemaError) -> Int {
        if let scalar = try scalar(value) { return try conditions.add([scalar]) }
        values[value.index] = value
        return try conditions.add(.equal(value.index))
    }

    // MARK: Values of keywords

    func list(_ value: JSONValue) throws(JSONSchemaError) -> [JSONValue] {
        guard let elements = value.elements, !elements.isEmpty else {
            throw invalid(value, "a list of schemas")
        }
        return elements
    }

    mutating func schemas(_ value: JSONValue) throws(JSONSchemaError) -> [Int] {
        var conditions: [Int] = []
        for schema in try list(value) { conditions.append(try condition(schema)) }
        return conditions
    }

    func names(_ value: JSONValue) throws(JSONSchemaError) -> [ExactString] {
        guard let elements = value.elements else { throw invalid(value, "a list of names") }
        var names: [ExactString] = []
        var seen: Set<ExactString> = []
        for element in elements {
            guard let name = element.exactString else {
                throw invalid(element, "a name")
            }
            if seen.insert(name).inserted { names.append(name) }
        }
        return names
    }

    func count(_ value: JSONValue) throws(JSONSchemaError) -> Int {
        guard value.isNumber, value.literal.utf8.first != UInt8(ascii: "-") || value.doubleValue == 0,
            value.doubleValue.map({ $0 == $0.rounded() }) ?? true
        else {
            throw invalid(value, "a whole number from 0")
        }
        guard let number = value.doubleValue, number <= Double(GrammarLimits.repetition) else {
            throw JSONSchemaError(
                problem: .tooLarge, path: value.path, expected: "a number up to \(GrammarLimits.repetition)",
                found: "\(value)")
        }
        return Int(number)
    }

    /// - Returns: nil for an array or an object.
    func scalar(_ value: JSONValue) throws(JSONSchemaError) -> Scalar? {
        if value.isNull { return .null }
        if let isTrue = value.boolValue { return isTrue ? .true : .false }
        if let string = value.exactString { return .string(string) }
        return value.isNumber ? .number(try decimal(value)) : nil
    }

    func decimal(_ value: JSONValue) throws(JSONSchemaError) -> ExactDecimal {
        guard value.isNumber else { throw invalid(value, "a number") }
        guard let number = ExactDecimal(value.literal) else {
            throw unsupported(value, "a number of at most 400 digits")
        }
        return number
    }

    // MARK: Errors

    func invalid(_ value: JSONValue, _ expected: String) -> JSONSchemaError {
        JSONSchemaError(problem: .invalid, path: value.path, expected: expected, found: "\(value)")
    }

    func unsupported(_ value: JSONValue, _ expected: String) -> JSONSchemaError {
        JSONSchemaError(problem: .unsupported, path: value.path, expected: expected, found: "\(value)")
    }

    func tooLarge(_ error: GrammarError, _ value: JSONValue) -> JSONSchemaError {
        JSONSchemaError(
            problem: .tooLarge, path: value.path, expected: error.expected, found: error.found)
    }
}
