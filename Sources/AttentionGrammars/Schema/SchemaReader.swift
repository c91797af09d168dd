import AttentionJSON

/// Reads the keywords of schemas.
///
/// Every keyword is implemented, is an annotation that says nothing about values, or is refused by name.
struct SchemaReader {
    let root: JSONValue

    private static let greatestConjunction = 500

    /// Keywords without a say in what is valid.
    private static let annotations: Set<String> = [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
        "deprecated", "readOnly", "writeOnly", "contentMediaType", "contentEncoding",
    ]
    private static let supported = [
        "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf (1)", "minLength", "maxLength", "pattern", "format", "properties",
        "required", "additionalProperties", "prefixItems", "items", "minItems", "maxItems",
    ]

    /// What schemas demand together, with everything that they refer to and consist of.
    func parts(_ schemas: SchemaParts.Conjunction) throws(JSONSchemaError) -> SchemaParts {
        var parts = SchemaParts()
        var seen: Set<Int> = []
        var work = Array(schemas.reversed())
        while let schema = work.popLast() {
            // What is demanded twice is demanded once; a schema that refers to itself adds nothing new.
            guard seen.insert(schema.index).inserted else { continue }
            guard seen.count <= Self.greatestConjunction else {
                throw JSONSchemaError(
                    problem: .tooLarge, path: schema.path,
                    expected: "at most \(Self.greatestConjunction) schemas for one value", found: "more")
            }
            guard let members = schema.members else {
                guard let isTrue = schema.boolValue else {
                    throw invalid(schema, "an object, true or false")
                }
                if !isTrue { parts.isNever = true }
                continue
            }
            var own = SchemaParts()
            for (keyword, value) in members {
                switch keyword {
                case "$ref": work.append(try target(of: value))
                case "allOf": work += try list(value).reversed()
                default: try read(keyword, value, in: schema, &own)
                }
            }
            try parts.add(own, reader: self)
        }
        return parts
    }

    private func read(
        _ keyword: String, _ value: JSONValue, in schema: JSONValue, _ parts: inout SchemaParts
    ) throws(JSONSchemaError) {
        func says(_ types: SchemaParts.Types) {
            parts.impliedTypes.formUnion(types)
            parts.restricting.append((keyword, value))
        }
        switch keyword {
        case "type": try readTypes(value, &parts)
        case "enum":
            guard let elements = value.elements, !elements.isEmpty else {
                throw invalid(value, "a list of values")
            }
            parts.restrict(to: elements)
        case "const": parts.restrict(to: [value])
        case "anyOf", "oneOf":
            parts.choices.append(
                .init(alternatives: try list(value), source: value, isExclusive: keyword == "oneOf"))
        case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum":
            guard let number = value.number, number.isFinite else { throw invalid(value, "a number") }
            let bound = SchemaParts.Bound(value: number, isInclusive: !keyword.hasPrefix("ex"), source: value)
            if keyword.lowercased().hasSuffix("minimum") {
                parts.raise(to: bound)
            } else {
                parts.lower(to: bound)
            }
            says(.number)
        case "multipleOf":
            guard value.number == 1 else { throw unsupported(value, "1 for 'multipleOf'") }
            parts.types.remove(.fraction)
            says(.integer)
        case "minLength":
            parts.minLength = try count(value)
            says(.string)
        case "maxLength":
            parts.maxLength = try count(value)
            says(.string)
        case "pattern":
            parts.pattern = value
            says(.string)
        case "format":
            parts.format = value
            says(.string)
        case "prefixItems":
            parts.prefix = try list(value).map { [$0] }
            says(.array)
        case "items":
            guard !value.isArray else {
                throw unsupported(value, "one schema for 'items' (or 'prefixItems')")
            }
            parts.items = [value]
            says(.array)
        case "minItems":
            parts.minItems = try count(value)
            says(.array)
        case "maxItems":
            parts.maxItems = try count(value)
            says(.array)
        case "uniqueItems":
            guard value.boolValue == false else { throw unsupported(value, "false for 'uniqueItems'") }
        case "properties":
            guard let members = value.members else { throw invalid(value, "an object of schemas") }
            parts.properties = members.map { .init(name: $0, schema: [$1]) }
            says(.object)
        case "required":
            parts.required = try names(value)
            says(.object)
        case "additionalProperties":
            parts.additional = [value]
            says(.object)
        case _ where Self.annotations.contains(keyword): break
        default:
            throw JSONSchemaError(
                problem: .unsupported, path: schema.path(of: keyword),
                expected: "one of the keywords \(Self.supported.joined(separator: ", "))",
                found: quoted(keyword))
        }
    }

    private func readTypes(_ value: JSONValue, _ parts: inout SchemaParts) throws(JSONSchemaError) {
        var types: SchemaParts.Types = []
        for element in value.elements ?? [value] {
            guard let named = element.stringValue.flatMap({ SchemaParts.Types.names[$0] }) else {
                throw invalid(
                    element,
                    "one of the types \(SchemaParts.Types.names.keys.sorted().joined(separator: ", "))")
            }
            types.formUnion(named)
        }
        parts.types.formIntersection(types)
        parts.saysTypes = true
    }

    // MARK: Values

    private func list(_ value: JSONValue) throws(JSONSchemaError) -> [JSONValue] {
        guard let elements = value.elements, !elements.isEmpty else {
            throw invalid(value, "a list of schemas")
        }
        return elements
    }

    private func names(_ value: JSONValue) throws(JSONSchemaError) -> [String] {
        guard let elements = value.elements else { throw invalid(value, "a list of names") }
        var names: [String] = []
        var seen: Set<String> = []
        for element in elements {
            guard let name = element.stringValue else { throw invalid(element, "a name") }
            if seen.insert(name).inserted { names.append(name) }
        }
        return names
    }

    private func count(_ value: JSONValue) throws(JSONSchemaError) -> Int {
        guard let number = value.number, number >= 0, number == number.rounded() else {
            throw invalid(value, "a whole number from 0")
        }
        guard number <= Double(GrammarLimits.repetition) else {
            throw JSONSchemaError(
                problem: .tooLarge, path: value.path, expected: "a number up to \(GrammarLimits.repetition)",
                found: "\(value)")
        }
        return Int(number)
    }

    /// The schema that a reference names by its place (RFC 6901).
    private func target(of value: JSONValue) throws(JSONSchemaError) -> JSONValue {
        guard let reference = value.stringValue, reference == "#" || reference.hasPrefix("#/") else {
            throw unsupported(value, "a reference within the schema, such as '#/$defs/name'")
        }
        var target = root
        for step in reference.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = Self.decoded(step)
            let next =
                target.isArray
                ? Int(name).flatMap { index in
                    target.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
                : target[name]
            guard let next else { throw invalid(value, "a place that the schema has") }
            target = next
        }
        return target
    }

    private static func decoded(_ step: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(step.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else if byte == UInt8(ascii: "~"), let next = rest.first, next == 0x30 || next == 0x31 {
                bytes.append(next == 0x30 ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                rest = rest.dropFirst()
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Errors

    func invalid(_ value: JSONValue, _ expected: String) -> JSONSchemaError {
        JSONSchemaError(problem: .invalid, path: value.path, expected: expected, found: "\(value)")
    }

    func unsupported(_ value: JSONValue, _ expected: String) -> JSONSchemaError {
        JSONSchemaError(problem: .unsupported, path: value.path, expected: expected, found: "\(value)")
    }
}
