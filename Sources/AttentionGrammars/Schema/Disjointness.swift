import AttentionJSON

/// Whether no value that is written for one schema can follow another as well. `oneOf` is a choice where that
/// holds.
struct Disjointness {
    let reader: SchemaReader
    /// How many more members may be looked at. A schema that leads back to itself has no end of them.
    private var left = 20_000
    init(reader: SchemaReader) { self.reader = reader }

    private static let greatestDepth = 4
    private static let greatestCount = 100

    mutating func check(_ alternatives: [JSONValue], _ source: JSONValue) throws(JSONSchemaError) {
        guard alternatives.count <= Self.greatestCount else {
            throw JSONSchemaError(
                problem: .tooLarge, path: source.path, expected: "at most \(Self.greatestCount) alternatives",
                found: "\(alternatives.count)")
        }
        let parts = try alternatives.map { schema throws(JSONSchemaError) in try reader.parts([schema]) }
        for second in parts.indices {
            for first in 0..<second where try !areDisjoint(parts[first], parts[second], 0) {
                throw JSONSchemaError(
                    problem: .unsupported, path: source.path,
                    expected: "alternatives of 'oneOf' that plainly exclude each other, or 'anyOf'",
                    found: "alternatives \(first) and \(second), which may both hold")
            }
        }
    }

    private mutating func areDisjoint(
        _ first: SchemaParts, _ second: SchemaParts, _ depth: Int
    ) throws(JSONSchemaError) -> Bool {
        guard depth < Self.greatestDepth, left > 0 else { return false }
        if first.isNever || second.isNever { return true }
        // A value that is written for one of them must not follow the other.
        let types = first.writtenTypes.intersection(second.possibleTypes)
            .union(second.writtenTypes.intersection(first.possibleTypes))
        if types.isEmpty { return true }
        if let values = first.values, let others = second.values {
            return Set(values.map(\.compact)).isDisjoint(with: others.map(\.compact))
        }
        if types.isSubset(of: .number), Self.isBelow(first, second) || Self.isBelow(second, first) {
            return true
        }
        guard types == .object else { return false }
        for (one, other) in [(first, second), (second, first)] {
            for name in one.required {
                left -= 1 + one.properties.count + other.properties.count
                guard left > 0 else { return false }
                guard let schema = one.schema(of: name) else { continue }
                guard let others = other.schema(of: name) else {
                    if other.additional?.contains(where: \.isFalse) == true { return true }
                    continue
                }
                if other.required.contains(name),
                    try areDisjoint(try reader.parts(schema), try reader.parts(others), depth + 1)
                {
                    return true
                }
            }
        }
        return false
    }

    private static func isBelow(_ first: SchemaParts, _ second: SchemaParts) -> Bool {
        guard let most = first.maximum, let least = second.minimum else { return false }
        return most.value < least.value
            || most.value == least.value && !(most.isInclusive && least.isInclusive)
    }
}

extension SchemaParts {
    /// The types of values that can follow it.
    var possibleTypes: Types {
        if let values { return types.intersection(values.reduce([]) { $0.union($1.types) }) }
        return types
    }

    /// The types of values that are written for it: a keyword for some types implies these.
    var writtenTypes: Types {
        saysTypes || impliedTypes.isEmpty ? possibleTypes : possibleTypes.intersection(impliedTypes)
    }
}
