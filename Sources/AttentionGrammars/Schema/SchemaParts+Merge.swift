import AttentionJSON

extension SchemaParts {
    /// Adds what another schema demands of the same value.
    mutating func add(_ other: SchemaParts, reader: SchemaReader) throws(JSONSchemaError) {
        types.formIntersection(other.types)
        impliedTypes.formUnion(other.impliedTypes)
        saysTypes = saysTypes || other.saysTypes
        if let values = other.values { restrict(to: values) }
        if let bound = other.minimum { raise(to: bound) }
        if let bound = other.maximum { lower(to: bound) }
        minLength = Swift.max(minLength, other.minLength)
        maxLength = Self.least(maxLength, other.maxLength)
        pattern = try Self.only(pattern, other.pattern, "one 'pattern' for a text", reader)
        format = try Self.only(format, other.format, "one 'format' for a text", reader)
        addItems(other)
        addMembers(other)
        choices += other.choices
        restricting += other.restricting
    }

    private static func least(_ first: Int?, _ second: Int?) -> Int? {
        guard let first, let second else { return first ?? second }
        return Swift.min(first, second)
    }

    private static func only(
        _ first: JSONValue?, _ second: JSONValue?, _ expected: String, _ reader: SchemaReader
    ) throws(JSONSchemaError) -> JSONValue? {
        guard let first, let second else { return first ?? second }
        guard first.stringValue == second.stringValue else { throw reader.unsupported(second, expected) }
        return first
    }

    var withoutChoices: SchemaParts {
        var parts = self
        parts.choices = []
        return parts
    }

    // MARK: Values

    mutating func restrict(to allowed: [JSONValue]) {
        var seen = Set(values?.map(\.compact) ?? [])
        let isFirst = values == nil
        values = allowed.filter { isFirst ? seen.insert($0.compact).inserted : seen.contains($0.compact) }
    }

    mutating func raise(to bound: Bound) {
        if let minimum,
            (minimum.value, minimum.isInclusive ? 0 : 1) >= (bound.value, bound.isInclusive ? 0 : 1)
        {
            return
        }
        minimum = bound
    }

    mutating func lower(to bound: Bound) {
        if let maximum,
            (-maximum.value, maximum.isInclusive ? 0 : 1) >= (-bound.value, bound.isInclusive ? 0 : 1)
        {
            return
        }
        maximum = bound
    }

    // MARK: Arrays

    private mutating func addItems(_ other: SchemaParts) {
        for index in 0..<Swift.max(prefix.count, other.prefix.count) {
            let rest = other.prefix.indices.contains(index) ? other.prefix[index] : other.items ?? []
            if prefix.indices.contains(index) {
                prefix[index] += rest
            } else {
                prefix.append((items ?? []) + rest)
            }
        }
        if let more = other.items { items = (items ?? []) + more }
        minItems = Swift.max(minItems, other.minItems)
        maxItems = Self.least(maxItems, other.maxItems)
    }

    // MARK: Objects

    /// A member's schema is all that any part says about it, also as one that the part does not name.
    private mutating func addMembers(_ other: SchemaParts) {
        let own = Dictionary(properties.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let others = Set(other.properties.map(\.name))
        if let unnamed = other.additional {
            for index in properties.indices where !others.contains(properties[index].name) {
                properties[index].schema += unnamed
            }
        }
        for property in other.properties {
            if let index = own[property.name] {
                properties[index].schema += property.schema
            } else {
                properties.append(.init(name: property.name, schema: (additional ?? []) + property.schema))
            }
        }
        if let more = other.additional { additional = (additional ?? []) + more }
        let known = Set(required)
        required += other.required.filter { !known.contains($0) }
    }
}
