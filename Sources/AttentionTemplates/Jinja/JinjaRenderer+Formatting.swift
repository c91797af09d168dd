import AttentionJSON

/// `'…'.format(…)`
extension JinjaRenderer {
    func formatted(_ format: JinjaText, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaText {
        var result: [UInt32] = []
        var automatic = 0
        var index = 0
        let units = format.units
        func plain(_ index: Int) -> UInt32 { index < units.count ? units[index] & ~JinjaText.mark : 0 }
        while index < units.count {
            let unit = plain(index)
            if unit == 0x7B || unit == 0x7D, plain(index + 1) == unit {
                result.append(units[index])
                index += 2
            } else if unit == 0x7B {
                let end = units[(index + 1)...].firstIndex { $0 & ~JinjaText.mark == 0x7D }
                guard let end else { throw .failed("expected '}' before end of string") }
                try charge(units: end - index)
                let field = JinjaText(units[(index + 1)..<end]).string
                guard !field.unicodeScalars.contains("{") else {
                    throw .unsupported("a format within a format")
                }
                try extend(&result, by: replacement(field, arguments, &automatic).units)
                index = end + 1
            } else {
                guard unit != 0x7D else { throw .failed("Single '}' encountered in format string") }
                result.append(units[index])
                index += 1
            }
            try charge()
        }
        return format.with(result)
    }

    /// The text in the place of `{field}`: a name, `!s` or `!r`, and `:` with a specification.
    private func replacement(
        _ field: String, _ arguments: JinjaArguments, _ automatic: inout Int
    ) throws(JinjaFault) -> JinjaText {
        // By scalars, as in Python: a mark may follow the sign that separates.
        let parts = field.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "!", maxSplits: 1, omittingEmptySubsequences: false)
            .map { ExactString(Substring($0)) }
        var value = try self.field(names[0].string, arguments, &automatic)
        if names.count > 1 {
            switch names[1] {
            case "s": value = .string(try text(of: value))
            case "r": value = .string(try representation(of: value))
            default: throw .failed("Unknown conversion specifier '\(names[1])'")
            }
        }
        return try specified(value, parts.count > 1 ? String(parts[1]) : "")
    }

    private func field(
        _ path: String, _ arguments: JinjaArguments, _ automatic: inout Int
    ) throws(JinjaFault) -> JinjaValue {
        let scalars = path.unicodeScalars
        let name = ExactString(Substring(scalars.prefix { $0 != "." && $0 != "[" }))
        var rest = scalars.dropFirst(name.unicodeScalars.count)
        var value: JinjaValue
        if let index = name.isEmpty ? automatic : Int(name.string) {
            if name.isEmpty { automatic += 1 }
            guard arguments.positional.indices.contains(index) else {
                throw .failed("Replacement index \(index) out of range for positional args tuple")
            }
            value = arguments.positional[index]
        } else {
            guard let keyword = arguments.keywords.first(where: { $0.name == name }) else {
                throw .failed("the format names '\(name)', which is not given")
            }
            value = keyword.value
        }
        while let first = rest.first {
            rest = rest.dropFirst()
            if first == "." {
                let name = ExactString(Substring(rest.prefix { $0 != "." && $0 != "[" }))
                value = try attribute(name, of: value)
                rest = rest.dropFirst(name.unicodeScalars.count)
            } else {
                let key = String(rest.prefix { $0 != "]" })
                guard first == "[", rest.count > key.unicodeScalars.count else {
                    throw .failed("Missing ']' in format string")
                }
                value = try item(Int(key).map(JinjaValue.integer) ?? .string(key), of: value)
                rest = rest.dropFirst(key.unicodeScalars.count + 1)
            }
        }
        return value
    }

    /// A value by a specification: fill, alignment, sign, `#`, `0`, width, `,`, precision, type.
    private func specified(_ value: JinjaValue, _ specification: String) throws(JinjaFault) -> JinjaText {
        if specification.isEmpty { return try text(of: value) }
        let spec = try FormatSpecification(specification)
        var text: JinjaText
        let isNumber = value.number != nil && value.text == nil
        switch (value, spec.type) {
        case (.string(let string), "s"), (.string(let string), nil):
            text = spec.precision.map { JinjaText(string.units.prefix($0)) } ?? string
        case _ where isNumber: text = JinjaText(try spec.number(value))
        default:
            if case .string = value {
                throw .failed("Unknown format code '\(spec.typeName)' for object of type 'str'")
            }
            throw .failed("unsupported format string passed to \(value.typeName).__format__")
        }
        return try aligned(text, spec, isNumber: isNumber)
    }

    func aligned(
        _ text: JinjaText, _ spec: FormatSpecification, isNumber: Bool
    ) throws(JinjaFault) -> JinjaText {
        guard spec.width > text.count else { return text }
        try reserve(units: spec.width)
        let room = spec.width - text.count
        func space(_ count: Int) -> [UInt32] { Array(repeating: spec.fill.value, count: count) }
        switch spec.alignment ?? (isNumber ? ">" : "<") {
        case "<": return text.with(text.units + space(room))
        case ">": return text.with(space(room) + text.units)
        case "=":
            let sign = text.units.first.map { [0x2B, 0x2D, 0x20].contains($0) } ?? false ? 1 : 0
            return text.with(text.units[..<sign] + space(room) + text.units[sign...])
        default: return text.with(space(room / 2) + text.units + space(room - room / 2))
        }
    }
}
