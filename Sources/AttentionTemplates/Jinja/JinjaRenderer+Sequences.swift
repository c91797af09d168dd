import AttentionJSON

/// The filters over sequences.
extension JinjaRenderer {
    func apply(
        sequenceFilter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        switch name {
        case "first":
            try arguments.none(for: name)
            return try first(of: value)
        case "last":
            try arguments.none(for: name)
            if case .iterator = value { throw .failed("'generator' object is not reversible") }
            return try items(of: value).last ?? .undefined(.other("No last item, sequence was empty."))
        case "list":
            try arguments.none(for: name)
            return try list(items(of: value))
        case "reverse":
            try arguments.none(for: name)
            if case .string(let text) = value { return try string(text.with(text.units.reversed())) }
            return try iterator(items(of: value).reversed())
        case "join":
            let values = try arguments.bound("d", "attribute", for: name)
            var parts: [JinjaText] = []
            for item in try items(of: value) {
                parts.append(
                    try text(of: values[1].map { a throws(JinjaFault) in try member(a, of: item) } ?? item))
            }
            let separator = try values[0].map { d throws(JinjaFault) in try text(of: d) } ?? JinjaText()
            return .string(JinjaText(units: try joined(parts, with: separator).units))
        case "items":
            try arguments.none(for: name)
            if value.isUndefined { return try iterator([]) }
            guard case .dictionary(let dictionary) = value else {
                throw .failed("Can only get item pairs from a mapping.")
            }
            return try iterator(dictionary.items)
        case "dictsort": return try sortedPairs(value, arguments)
        case "sort", "unique", "min", "max": return try apply(orderFilter: name, to: value, arguments)
        case "sum": return try sum(of: value, arguments)
        case "map": return try map(value, arguments)
        case "batch", "slice": return try apply(groupFilter: name, to: value, arguments)
        default: return try choose(value, name, arguments)
        }
    }

    private func first(of value: JinjaValue) throws(JinjaFault) -> JinjaValue {
        if case .iterator(let number) = value, let first = iterators[number].popFirst() { return first }
        return try items(of: value).first ?? .undefined(.other("No first item, sequence was empty."))
    }

    /// An item's member by a path such as `function.name`.
    ///
    /// - Parameter standard: what stands for a part of the path that is not there.
    private func member(
        _ path: JinjaValue, of item: JinjaValue, default standard: JinjaValue? = nil
    ) throws(JinjaFault) -> JinjaValue {
        guard let text = path.text else { return try self.item(path, of: item) }
        try charge(units: text.count)
        var value = item
        for scalars in text.string.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false) {
            let part = String(scalars)
            value = try self.item(Int(part).map(JinjaValue.integer) ?? .string(part), of: value)
            if let standard, value.isUndefined { value = standard }
        }
        return value
    }

    // MARK: Order

    private func folded(_ value: JinjaValue, _ isCaseSensitive: JinjaValue?) throws(JinjaFault) -> JinjaValue
    {
        guard isCaseSensitive?.isTrue != true, case .string(let text) = value else { return value }
        try charge(units: text.count)
        return .string(text.lowercased)
    }

    private func sortedPairs(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault)
        -> JinjaValue
    {
        let values = try arguments.bound("case_sensitive", "by", "reverse", for: "dictsort")
        guard case .dictionary(let dictionary) = value else {
            if case .undefined(let undefined) = value { throw .failed(undefined.message) }
            throw .failed("'\(value.typeName)' object has no attribute 'items'")
        }
        let by = values[1]?.text?.name ?? "key"
        guard ["key", "value"].contains(by) else {
            throw .failed("You can only sort by either \"key\" or \"value\"")
        }
        let keys = try (by == "key" ? dictionary.keys : dictionary.values).map { v throws(JinjaFault) in
            try folded(v, values[0])
        }
        let items = try dictionary.items
        let order = try sorted(keys, isReversed: values[2]?.isTrue == true)
        return try list(order.map { items[$0] })
    }

    /// The order of `keys`; what is equal keeps its order.
    private func sorted(_ keys: [JinjaValue], isReversed: Bool) throws(JinjaFault) -> [Int] {
        try charge(2 * keys.count)
        return try sorted(Array(keys.indices)) { a, b throws(JinjaFault) in
            try isReversed ? precedes(keys[b], keys[a]) : precedes(keys[a], keys[b])
        }
    }

    private func apply(
        orderFilter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        var arguments = arguments
        var isReversed = false
        if name == "sort" {
            let values = try arguments.bound("reverse", "case_sensitive", "attribute", for: name)
            isReversed = values[0]?.isTrue == true
            arguments = JinjaArguments(
                positional: [values[1] ?? .bool(false)] + (values[2].map { [$0] } ?? []))
        }
        let values = try arguments.bound("case_sensitive", "attribute", for: name)
        let items = try items(of: value)
        let keys = try items.map { item throws(JinjaFault) in
            var key = item
            if let attribute = values[1], !attribute.isNone {
                guard attribute.text?.string.unicodeScalars.contains(",") != true else {
                    throw .unsupported("several attributes to sort by")
                }
                key = try member(attribute, of: item)
            }
            return try folded(key, values[0])
        }
        switch name {
        case "sort": return try list(sorted(keys, isReversed: isReversed).map { items[$0] })
        case "unique":
            var seen = JinjaDictionary()
            var unique: [JinjaValue] = []
            for (item, key) in zip(items, keys) {
                try charge(units: key.text?.count ?? 0)
                if seen[key] == nil { unique.append(item) }
                try seen.set(key, .null)
            }
            return try iterator(unique)
        default:
            guard var best = items.indices.first else {
                return .undefined(.other("No aggregated item, sequence was empty."))
            }
            for index in items.indices.dropFirst() {
                let isBetter =
                    try name == "min" ? precedes(keys[index], keys[best]) : precedes(keys[best], keys[index])
                if isBetter { best = index }
            }
            return items[best]
        }
    }

    private func sum(of value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("attribute", "start", for: "sum")
        var total = values[1] ?? .integer(0)
        for item in try items(of: value) {
            let term =
                try values[0].map { a throws(JinjaFault) in try a.isNone ? item : member(a, of: item) }
                ?? item
            total = try apply(.add, total, term)
        }
        return total
    }

    // MARK: Choice

    private func map(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        // Nothing at all has no items here, as for the filters that choose.
        let items = value.isTrue ? try items(of: value) : []
        if arguments.positional.isEmpty, arguments.keywords.contains(where: { $0.name == "attribute" }) {
            let values = try arguments.bound("attribute", "default", for: "map")
            return try iterator(
                items.map { item throws(JinjaFault) in
                    try member(values[0] ?? .null, of: item, default: values[1])
                })
        }
        guard let name = arguments.positional.first?.text?.name else {
            throw .failed("map requires a filter argument")
        }
        let rest = JinjaArguments(
            positional: Array(arguments.positional.dropFirst()), keywords: arguments.keywords)
        return try iterator(
            items.map { item throws(JinjaFault) in try apply(filter: name, to: item, rest) })
    }

    /// `select`, `reject`, `selectattr` and `rejectattr`.
    private func choose(
        _ value: JinjaValue, _ name: ExactString, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        var positional = arguments.positional[...]
        var attribute: JinjaValue?
        if name.hasSuffix("attr") {
            guard let first = positional.popFirst() else {
                throw .failed("Missing parameter for attribute name")
            }
            attribute = first
        }
        let test = positional.popFirst()
        let rest = JinjaArguments(positional: Array(positional), keywords: arguments.keywords)
        var chosen: [JinjaValue] = []
        for item in value.isTrue ? try items(of: value) : [] {
            try charge()
            let member = try attribute.map { a throws(JinjaFault) in try self.member(a, of: item) } ?? item
            let isSelected =
                try test.map { t throws(JinjaFault) in
                    try self.test(t.text?.name ?? "", member, rest)
                } ?? member.isTrue
            if isSelected == name.hasPrefix("select") { chosen.append(item) }
        }
        return try iterator(chosen)
    }

    private func apply(
        groupFilter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("count", "fill_with", required: 1, for: name)
        let count = try integer(values[0], default: 1, for: name)
        guard count > 0 else { throw .failed("\(name) needs a count of 1 or more") }
        let fill = values[1].flatMap { $0.isNone ? nil : $0 }
        let items = try items(of: value)
        // Filling up may take more than there is.
        try charge(2 * min(count, 1 << 40) + items.count)
        var groups: [JinjaValue] = []
        var start = 0
        if name == "batch" {
            while start < items.count {
                var group = Array(items[start..<min(start + count, items.count)])
                if let fill { group += repeatElement(fill, count: count - group.count) }
                groups.append(try list(group))
                start += count
            }
            return try iterator(groups)
        }
        for index in 0..<count {
            let isLong = index < items.count % count
            let end = start + items.count / count + (isLong ? 1 : 0)
            let group = Array(items[start..<end])
            groups.append(try list(!isLong ? group + (fill.map { [$0] } ?? []) : group))
            start = end
        }
        return try iterator(groups)
    }
}
