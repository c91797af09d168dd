import AttentionJSON

extension SchemaReader {
    /// Reads a keyword as conditions.
    mutating func read(
        _ keyword: ExactString, _ value: JSONValue, in schema: JSONValue, _ reading: inout Reading
    ) throws(JSONSchemaError) -> [Int] {
        switch keyword {
        case "type":
            reading.saysTypes = true
            return [try conditions.add(.values(try types(value)))]
        case "enum", "const":
            reading.saysTypes = true
            return [try enumeration(keyword == "const" ? [value] : nil, value)]
        case "$ref": return [try condition(try target(of: value))]
        case "allOf": return try schemas(value)
        case "anyOf": return [try conditions.any(try schemas(value))]
        case "oneOf":
            let alternatives = try schemas(value)
            return [
                alternatives.count == 1
                    ? alternatives[0] : try conditions.add(.one(alternatives, value.index))
            ]
        case "not": return [try conditions.not(try condition(value))]
        case "if": return try conditional(value, in: schema)
        case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf":
            reading.implied.insert(.number)
            guard let set = try numbers(keyword, value, in: schema) else { return [] }
            return [try conditions.add(.numbers(set))]
        case "minLength", "maxLength", "pattern":
            reading.implied.insert(.string)
            return [try conditions.add(.strings(try strings(keyword, value)))]
        case "format":
            guard let set = try format(value) else { return [] }
            reading.implied.insert(.string)
            return [try conditions.add(.strings(set))]
        default:
            if let parts = try readArrayKeyword(keyword, value, in: schema) {
                reading.implied.insert(.array)
                return parts
            }
            if let parts = try readObjectKeyword(keyword, value, in: schema) {
                reading.implied.insert(.object)
                return parts
            }
            if Self.refused.contains(keyword) {
                throw JSONSchemaError(
                    problem: .unsupported, path: schema.path(of: keyword.string),
                    expected: "keywords that are implemented", found: quoted(keyword.string))
            }
            return []
        }
    }

    /// Keywords that say what is valid and are not implemented.
    private static let refused: Set<ExactString> = ["$dynamicRef", "$recursiveRef"]

    // MARK: Any type

    private static let typeNames: [ExactString: ValueSet] = [
        "null": ValueSet(singles: .null), "boolean": ValueSet(singles: [.true, .false]),
        "integer": ValueSet(numbers: [.integers]), "number": ValueSet(numbers: [.all]),
        "string": ValueSet(strings: [.all]), "array": ValueSet(arrays: [.all]),
        "object": ValueSet(objects: [.all]),
    ]

    private func types(_ value: JSONValue) throws(JSONSchemaError) -> ValueSet {
        var types = ValueSet.none
        for element in value.elements ?? [value] {
            guard let named = element.exactString.flatMap({ Self.typeNames[$0] }) else {
                let names = Self.typeNames.keys.sorted().map(\.string).joined(separator: ", ")
                throw invalid(element, "one of the types \(names)")
            }
            try types.formUnion(named)
        }
        // A number that need not be whole may be.
        if types.numbers.contains(where: \.isAll) { types.numbers = [.all] }
        types.strings = types.strings.isEmpty ? [] : [.all]
        return types
    }

    /// The values of `enum` and `const`.
    private mutating func enumeration(
        _ single: [JSONValue]?, _ value: JSONValue
    ) throws(JSONSchemaError) -> Int {
        guard let values = single ?? value.elements else { throw invalid(value, "a list of values") }
        guard !values.isEmpty else { throw invalid(value, "a list of values") }
        var scalars: [Scalar] = []
        var others: [Int] = []
        for value in values {
            if let scalar = try scalar(value) {
                scalars.append(scalar)
            } else {
                others.append(try condition(equalTo: value))
            }
        }
        var seen: Set<Scalar> = []
        scalars = scalars.filter { seen.insert($0).inserted }
        return try conditions.any((scalars.isEmpty ? [] : [try conditions.add(scalars)]) + others)
    }

    private mutating func conditional(
        _ value: JSONValue, in schema: JSONValue
    ) throws(JSONSchemaError) -> [Int] {
        let condition = try condition(value)
        var parts: [Int] = []
        if let then = schema["then"] {
            let consequence = try self.condition(then)
            parts.append(try conditions.any([try conditions.not(condition), consequence]))
        }
        if let otherwise = schema["else"] {
            parts.append(try conditions.any([condition, try self.condition(otherwise)]))
        }
        // Said as two cases, which exclude each other, it needs no more combinations than there are.
        guard parts.count == 2, let then = schema["then"], let otherwise = schema["else"] else {
            return parts
        }
        let first = try conditions.all([condition, try self.condition(then)])
        let second = try conditions.all([try conditions.not(condition), try self.condition(otherwise)])
        return [try conditions.any([first, second])]
    }

    // MARK: Numbers

    /// - Returns: nil for a keyword of draft 4 and OpenAPI 3.0 that is read with another one: there,
    ///   `exclusiveMinimum` and `exclusiveMaximum` are true or false.
    private func numbers(
        _ keyword: ExactString, _ value: JSONValue, in schema: JSONValue
    ) throws(JSONSchemaError) -> NumberSet? {
        if value.boolValue != nil, keyword == "exclusiveMinimum" || keyword == "exclusiveMaximum" {
            return nil
        }
        let number = try decimal(value)
        switch keyword {
        case "minimum":
            let isExclusive = schema["exclusiveMinimum"]?.boolValue ?? false
            return NumberSet(lower: .init(value: number, isInclusive: !isExclusive))
        case "exclusiveMinimum": return NumberSet(lower: .init(value: number, isInclusive: false))
        case "maximum":
            let isExclusive = schema["exclusiveMaximum"]?.boolValue ?? false
            return NumberSet(upper: .init(value: number, isInclusive: !isExclusive))
        case "exclusiveMaximum": return NumberSet(upper: .init(value: number, isInclusive: false))
        default:
            guard !number.isZero, !number.isNegative else { throw invalid(value, "a number above 0") }
            return NumberSet(multiples: [number])
        }
    }

    // MARK: Strings

    private mutating func strings(
        _ keyword: ExactString, _ value: JSONValue
    ) throws(JSONSchemaError) -> StringSet {
        switch keyword {
        case "minLength": return StringSet(minLength: try count(value))
        case "maxLength": return StringSet(maxLength: try count(value))
        default:
            guard let source = value.exactString else { throw invalid(value, "a regular expression") }
            return StringSet(automata: [try pattern(source, value)])
        }
    }

    mutating func pattern(
        _ source: ExactString, _ value: JSONValue
    ) throws(JSONSchemaError) -> TextAutomaton {
        if let known = patterns[source] { return known }
        do {
            let automaton = try RegularExpression(source.string).automaton()
            patterns[source] = automaton
            return automaton
        } catch let error as RegularExpressionError {
            let problem: JSONSchemaError.Problem =
                switch error.problem {
                case .invalid: .invalid
                case .unsupported: .unsupported
                case .tooLarge: .tooLarge
                }
            throw JSONSchemaError(
                problem: problem, path: value.path, expected: error.expected,
                found: "the pattern \(quoted(source.string)) (at character \(error.position))")
        } catch let error as GrammarError {
            throw tooLarge(error, value)
        } catch {
            throw invalid(value, "a regular expression")
        }
    }

    /// - Returns: nil for a format that says nothing here.
    private mutating func format(_ value: JSONValue) throws(JSONSchemaError) -> StringSet? {
        guard let name = value.exactString else { throw invalid(value, "a name") }
        if let known = formats[name] { return StringSet(automata: [known]) }
        if StringFormat.refused.contains(name) {
            let names = StringFormat.sources.keys.sorted().map(\.string).joined(separator: ", ")
            throw unsupported(value, "one of the formats \(names)")
        }
        do {
            guard let automaton = try StringFormat.automaton(name) else { return nil }
            formats[name] = automaton
            return StringSet(automata: [automaton])
        } catch let error as GrammarError {
            throw tooLarge(error, value)
        } catch {
            throw unsupported(value, "a format that is implemented")
        }
    }
}
