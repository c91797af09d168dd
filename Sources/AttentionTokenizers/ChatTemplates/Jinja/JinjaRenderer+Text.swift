import Foundation

/// Values as text: as Python's `str` and `repr` write them, and as JSON.
extension JinjaRenderer {
    /// `str(value)`
    func text(of value: JinjaValue) throws(JinjaFault) -> JinjaText {
        if case .string(let text) = value { return text }
        if value.isUndefined { return JinjaText() }
        return try representation(of: value)
    }

    /// `repr(value)`
    func representation(of value: JinjaValue) throws(JinjaFault) -> JinjaText {
        var units: [UInt32] = []
        try write(value, into: &units)
        try reserve(units: units.count)
        return JinjaText(units: units)
    }

    private func append(_ text: String, to units: inout [UInt32]) {
        units += text.unicodeScalars.map(\.value)
    }

    private func write(_ value: JinjaValue, into units: inout [UInt32]) throws(JinjaFault) {
        try charge()
        switch value {
        case .string(let text): try write(text, into: &units)
        case .list(let sequence):
            append("[", to: &units)
            try writeItems(sequence.items, into: &units)
            append("]", to: &units)
        case .tuple(let sequence):
            append("(", to: &units)
            try writeItems(sequence.items, into: &units)
            append(sequence.items.count == 1 ? ",)" : ")", to: &units)
        case .dictionary(let dictionary):
            append("{", to: &units)
            for (index, key) in dictionary.keys.enumerated() {
                if index > 0 { append(", ", to: &units) }
                try write(key, into: &units)
                append(": ", to: &units)
                try write(dictionary.values[index], into: &units)
            }
            append("}", to: &units)
        default: append(Self.plainText(of: value), to: &units)
        }
    }

    private func writeItems(_ items: [JinjaValue], into units: inout [UInt32]) throws(JinjaFault) {
        for (index, item) in items.enumerated() {
            if index > 0 { append(", ", to: &units) }
            try write(item, into: &units)
        }
    }

    /// A value that is neither text nor a container.
    private static func plainText(of value: JinjaValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .float(let value): text(of: value)
        case .undefined: "Undefined"
        default: "<\(value.typeName)>"
        }
    }

    /// A number in the fewest digits that mean it, as Python writes them.
    static func text(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        var text = number.description
        // Swift writes whole numbers up to 2^54 out, Python those below 10^16.
        if abs(number) >= 1e16, !text.contains("e") {
            let sign = text.hasPrefix("-") ? "-" : ""
            let digits = text.drop { $0 == "-" }.prefix { $0 != "." }
            let significant = digits.prefix(digits.count - digits.reversed().prefix { $0 == "0" }.count)
            let fraction = significant.dropFirst()
            text =
                "\(sign)\(significant.prefix(1))\(fraction.isEmpty ? "" : ".\(fraction)")e+\(digits.count - 1)"
        }
        return text
    }

    /// A string in quotes, with what cannot be seen escaped.
    private func write(_ text: JinjaText, into units: inout [UInt32]) throws(JinjaFault) {
        try charge(units: text.count)
        let plain = text.units.lazy.map { $0 & ~JinjaText.mark }
        let quote: UInt32 = plain.contains(0x27) && !plain.contains(0x22) ? 0x22 : 0x27
        units.append(quote)
        for unit in text.units {
            switch unit & ~JinjaText.mark {
            case quote, 0x5C: units += [0x5C, unit]
            case 0x0A: append("\\n", to: &units)
            case 0x0D: append("\\r", to: &units)
            case 0x09: append("\\t", to: &units)
            case let value where Self.isPrintable(JinjaText.scalar(value)): units.append(unit)
            case let value:
                let (letter, digits) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
                append("\\" + letter + Self.hexadecimal(value, digits: digits), to: &units)
            }
        }
        units.append(quote)
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }

    // MARK: JSON

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

    // MARK: Order

    /// Sorted by merging, so that what is equal keeps its order.
    func sorted<Element>(
        _ items: [Element], by precedes: (Element, Element) throws(JinjaFault) -> Bool
    ) throws(JinjaFault) -> [Element] {
        guard items.count > 1 else { return items }
        let middle = items.count / 2
        let left = try sorted(Array(items[..<middle]), by: precedes)
        let right = try sorted(Array(items[middle...]), by: precedes)
        var result: [Element] = []
        result.reserveCapacity(items.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if try precedes(right[j], left[i]) {
                result.append(right[j])
                j += 1
            } else {
                result.append(left[i])
                i += 1
            }
        }
        return result + left[i...] + right[j...]
    }
}
