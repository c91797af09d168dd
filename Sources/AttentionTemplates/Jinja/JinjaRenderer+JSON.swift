import AttentionTokenizers

/// Values as JSON, and JSON as values.
extension JinjaRenderer {
    struct JSONStyle {
        var indent: [UInt32]?
        var itemSeparator: [UInt32]
        var keySeparator: [UInt32]
        var sortsKeys = false
        var escapesUnicode = false
    }

    /// A value as Python's `json.dumps` writes it.
    func json(_ value: JinjaValue, _ style: JSONStyle) throws(JinjaFault) -> JinjaText {
        var units: [UInt32] = []
        try writeJSON(value, style, level: 0, into: &units)
        try reserve(units: units.count)
        return JinjaText(units: units)
    }

    private func writeJSON(
        _ value: JinjaValue, _ style: JSONStyle, level: Int, into units: inout [UInt32]
    ) throws(JinjaFault) {
        try charge()
        switch value {
        case .null: append("null", to: &units)
        case .bool(let value): append(value ? "true" : "false", to: &units)
        case .integer(let value): append("\(value)", to: &units)
        case .large(let value): append("\(value)", to: &units)
        case .float(let value): append(Self.jsonText(of: value), to: &units)
        case .string(let text): try writeJSON(text, style, into: &units)
        case .list(let sequence), .tuple(let sequence):
            try writeContainer("[", "]", count: sequence.items.count, style, level, into: &units) {
                index, units throws(JinjaFault) in
                try writeJSON(sequence.items[index], style, level: level + 1, into: &units)
            }
        case .dictionary(let dictionary):
            var order = Array(dictionary.keys.indices)
            if style.sortsKeys {
                order = try sorted(order) { a, b throws(JinjaFault) in
                    try precedes(dictionary.keys[a], dictionary.keys[b])
                }
            }
            try writeContainer("{", "}", count: order.count, style, level, into: &units) {
                index, units throws(JinjaFault) in
                try writeKey(dictionary.keys[order[index]], style, into: &units)
                units += style.keySeparator
                try writeJSON(dictionary.values[order[index]], style, level: level + 1, into: &units)
            }
        default: throw .failed("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private func writeContainer(
        _ open: String, _ close: String, count: Int, _ style: JSONStyle, _ level: Int,
        into units: inout [UInt32], item: (Int, inout [UInt32]) throws(JinjaFault) -> Void
    ) throws(JinjaFault) {
        func startLine(_ level: Int) throws(JinjaFault) {
            guard let indent = style.indent else { return }
            units.append(0x0A)
            for _ in 0..<level { try extend(&units, by: indent) }
        }
        append(open, to: &units)
        for index in 0..<count {
            if index > 0 { units += style.itemSeparator }
            try startLine(level + 1)
            try item(index, &units)
        }
        if count > 0 { try startLine(level) }
        append(close, to: &units)
    }

    private func writeKey(
        _ key: JinjaValue, _ style: JSONStyle, into units: inout [UInt32]
    ) throws(JinjaFault) {
        if case .string(let text) = key { return try writeJSON(text, style, into: &units) }
        append("\"", to: &units)
        try writeJSON(key, style, level: 0, into: &units)
        append("\"", to: &units)
    }

    private static func jsonText(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return text(of: number)
    }

    private func writeJSON(
        _ text: JinjaText, _ style: JSONStyle, into units: inout [UInt32]
    ) throws(JinjaFault) {
        try charge(units: text.count)
        units.append(0x22)
        for unit in text.units {
            switch unit & ~JinjaText.mark {
            case 0x22, 0x5C: units += [0x5C, unit]
            case 0x08: append("\\b", to: &units)
            case 0x0C: append("\\f", to: &units)
            case 0x0A: append("\\n", to: &units)
            case 0x0D: append("\\r", to: &units)
            case 0x09: append("\\t", to: &units)
            case let value where value < 0x20 || (style.escapesUnicode && value > 0x7E):
                for half in String(JinjaText.scalar(value)).utf16 {
                    append("\\u" + Self.hexadecimal(UInt32(half), digits: 4), to: &units)
                }
            default: units.append(unit)
            }
        }
        units.append(0x22)
    }

    /// The value that a JSON text stands for. What it holds came from outside if any of the text did.
    func value(ofJSON text: JinjaText) throws(JinjaFault) -> JinjaValue {
        try charge(2 * text.count)
        let value: ChatValue
        do throws(TokenizerError) {
            value = try ChatValue(json: text.string.utf8, name: "from_json")
        } catch {
            throw .failed("\(error)")
        }
        return try JinjaValue(value, isContent: text.units.contains { $0 & JinjaText.mark != 0 })
    }
}
