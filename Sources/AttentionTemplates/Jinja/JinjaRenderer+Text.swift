/// Values as text, as Python's `str` and `repr` write them.
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

    func append(_ text: String, to units: inout [UInt32]) {
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
        case .large(let value): "\(value)"
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
        if abs(number) >= 1e16, !text.utf8.contains(UInt8(ascii: "e")) {
            let sign = number < 0 ? "-" : ""
            let digits = text.unicodeScalars.drop { $0 == "-" }.prefix { $0 != "." }
            let significant = digits.dropLast(digits.reversed().prefix { $0 == "0" }.count)
            let (first, fraction) = (Substring(significant.prefix(1)), Substring(significant.dropFirst()))
            text =
                "\(sign)\(first)\(fraction.isEmpty ? "" : ".\(fraction)")e+\(digits.count - 1)"
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
            case let value: append(Self.escape(value), to: &units)
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

    /// `\x7F`, `\u200B` or `\U000E0041`.
    static func escape(_ value: UInt32) -> String {
        let (letter, digits) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + hexadecimal(value, digits: digits)
    }

    static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }
}
