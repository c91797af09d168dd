import AttentionJSON

/// The grammar of each kind of value.
extension SchemaCompiler {
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

    mutating func integer(_ parts: SchemaParts) throws -> Int {
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

    mutating func number(_ parts: SchemaParts) throws -> Int {
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

    mutating func string(_ parts: SchemaParts) throws -> Int {
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

    mutating func array(_ parts: SchemaParts) throws -> Int {
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

    mutating func object(_ parts: SchemaParts) throws -> Int {
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
