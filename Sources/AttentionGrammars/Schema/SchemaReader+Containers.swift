import AttentionJSON

/// The keywords of arrays and objects.
extension SchemaReader {
    // MARK: Arrays

    /// - Returns: nil for a keyword that is none of arrays.
    mutating func readArrayKeyword(
        _ keyword: ExactString, _ value: JSONValue, in schema: JSONValue
    ) throws(JSONSchemaError) -> [Int]? {
        switch keyword {
        case "prefixItems" where !isDraft7:
            // Read with 'items', where that is there.
            return try schema["items"] == nil ? items(value, rest: nil) : []
        case "items":
            if value.isArray {
                return try items(value, rest: schema["additionalItems"])
            }
            guard !isDraft7, let prefix = schema["prefixItems"] else {
                return [try conditions.add(.items([], rest: try condition(value)))]
            }
            return try items(prefix, rest: value)
        case "minItems": return [try conditions.add(.itemCount(min: try count(value), max: nil))]
        case "maxItems": return [try conditions.add(.itemCount(min: 0, max: try count(value)))]
        case "uniqueItems":
            guard let isUnique = value.boolValue else { throw invalid(value, "true or false") }
            return isUnique ? [try conditions.add(.unique(value))] : []
        case "contains":
            func bound(_ name: String) throws(JSONSchemaError) -> Int? {
                guard !isDraft7, let value = schema[name] else { return nil }
                return try count(value)
            }
            let (least, most) = (try bound("minContains"), try bound("maxContains"))
            return [
                try conditions.add(
                    .counted(
                        .init(
                            start: 0, condition: try condition(value), min: least ?? 1, max: most,
                            source: value)))
            ]
        case "unevaluatedItems" where !isDraft7:
            guard let start = try evaluatedItems(schema, depth: 0) else {
                throw unsupported(value, "'unevaluatedItems' only beside plain 'prefixItems' and 'allOf'")
            }
            guard start < .max else { return [] }
            let prefix = [Int](repeating: ConditionTable.always, count: start)
            return [try conditions.add(.items(prefix, rest: try condition(value)))]
        default: return nil
        }
    }

    private mutating func items(
        _ prefix: JSONValue, rest: JSONValue?
    ) throws(JSONSchemaError) -> [Int] {
        guard let elements = prefix.elements else { throw invalid(prefix, "a list of schemas") }
        var conditions: [Int] = []
        for element in elements { conditions.append(try condition(element)) }
        let others = try rest.map { rest throws(JSONSchemaError) in try condition(rest) }
        return [try self.conditions.add(.items(conditions, rest: others))]
    }

    // MARK: Objects

    /// - Returns: nil for a keyword that is none of objects.
    mutating func readObjectKeyword(
        _ keyword: ExactString, _ value: JSONValue, in schema: JSONValue
    ) throws(JSONSchemaError) -> [Int]? {
        switch keyword {
        case "properties":
            guard let members = value.members else { throw invalid(value, "an object of schemas") }
            var properties: [ObjectSet.Member] = []
            for (name, schema) in members {
                properties.append(.init(name: name, condition: try condition(schema)))
            }
            return [try conditions.add(.members(properties))]
        case "required": return [try conditions.add(.required(try names(value)))]
        case "patternProperties":
            guard let members = value.members else { throw invalid(value, "an object of schemas") }
            var parts: [Int] = []
            for (source, schema) in members {
                let names = ObjectSet.NameClass(included: try pattern(source, schema))
                parts.append(try conditions.add(.others(names, try condition(schema))))
            }
            return parts
        case "additionalProperties":
            var names = ObjectSet.NameClass()
            try addEvaluated(of: schema, to: &names)
            return [try conditions.add(.others(names, try condition(value)))]
        case "unevaluatedProperties" where !isDraft7:
            if value.boolValue == true { return [] }
            var names = ObjectSet.NameClass()
            guard try addEvaluated(by: schema, depth: 0, to: &names) else {
                throw unsupported(
                    value, "'unevaluatedProperties' only beside plain 'properties' and 'allOf'")
            }
            return [try conditions.add(.others(names, try condition(value)))]
        case "propertyNames": return [try conditions.add(.names(try condition(value)))]
        case "minProperties": return [try conditions.add(.memberCount(min: try count(value), max: nil))]
        case "maxProperties": return [try conditions.add(.memberCount(min: 0, max: try count(value)))]
        case "dependentRequired", "dependentSchemas", "dependencies":
            if isDraft7, keyword != "dependencies" { return nil }
            guard let members = value.members else { throw invalid(value, "an object") }
            var parts: [Int] = []
            for (name, dependent) in members {
                let consequence =
                    dependent.isArray
                    ? try conditions.add(.required(try names(dependent))) : try condition(dependent)
                let isAbsent = try conditions.add(
                    .members([.init(name: name, condition: ConditionTable.never)]))
                parts.append(try conditions.any([isAbsent, consequence]))
            }
            return parts
        default: return nil
        }
    }

    /// Takes the members that `properties` and `patternProperties` of a schema are about out of a class.
    private mutating func addEvaluated(
        of schema: JSONValue, to names: inout ObjectSet.NameClass
    ) throws(JSONSchemaError) {
        if let members = schema["properties"]?.members {
            for (name, _) in members {
                try spend(1)
                names.excludedNames.insert(name)
            }
        }
        if let members = schema["patternProperties"]?.members {
            for (source, schema) in members {
                let pattern = try pattern(source, schema)
                try spend(1 + names.excluded.count)
                if !names.excluded.contains(where: { $0 === pattern }) { names.excluded.append(pattern) }
            }
        }
    }

    // MARK: What others have evaluated

    /// Schemas beside which it depends on the value what has been evaluated.
    private static let depending: [String] = [
        "anyOf", "oneOf", "if", "not", "dependentSchemas", "$dynamicRef", "$recursiveRef",
    ]
    private static let greatestDepth = 32

    private func isDepending(_ schema: JSONValue) -> Bool {
        Self.depending.contains { schema[$0] != nil }
    }

    /// Counts what looking for a schema's keywords, and for what it refers to, takes.
    private mutating func spendOnEvaluated(_ schema: JSONValue) throws(JSONSchemaError) {
        try spend(8 * (schema.members?.reduce(1) { count, _ in count + 1 } ?? 1))
    }

    /// Takes out of a class what a schema evaluates, with what it refers to.
    ///
    /// - Returns: false where that depends on the value.
    private mutating func addEvaluated(
        by schema: JSONValue, depth: Int, to names: inout ObjectSet.NameClass
    ) throws(JSONSchemaError) -> Bool {
        try spendOnEvaluated(schema)
        guard schema.isObject else { return true }
        guard depth < Self.greatestDepth, !isDepending(schema) else { return false }
        if schema["additionalProperties"] != nil || depth > 0 && schema["unevaluatedProperties"] != nil {
            // Everything is evaluated.
            names.included = TextAutomaton.all.complement
        }
        try addEvaluated(of: schema, to: &names)
        for part in schema["allOf"]?.elements ?? [] {
            guard try addEvaluated(by: part, depth: depth + 1, to: &names) else { return false }
        }
        if let reference = schema["$ref"] {
            return try addEvaluated(by: try target(of: reference), depth: depth + 1, to: &names)
        }
        return true
    }

    /// How many items a schema evaluates, with what it refers to; nil where that depends on the value.
    private mutating func evaluatedItems(
        _ schema: JSONValue, depth: Int
    ) throws(JSONSchemaError) -> Int? {
        try spendOnEvaluated(schema)
        guard schema.isObject else { return 0 }
        guard depth < Self.greatestDepth, !isDepending(schema), schema["contains"] == nil else { return nil }
        if schema["items"] != nil || depth > 0 && schema["unevaluatedItems"] != nil { return .max }
        var count = schema["prefixItems"]?.elements?.count ?? 0
        try spend(count)
        var parts = schema["allOf"]?.elements ?? []
        if let reference = schema["$ref"] { parts.append(try target(of: reference)) }
        for part in parts {
            guard let own = try evaluatedItems(part, depth: depth + 1) else { return nil }
            count = Swift.max(count, own)
        }
        return count
    }
}
