/// `'…' % …`
extension JinjaRenderer {
    func percentFormatted(_ format: JinjaText, _ argument: JinjaValue) throws(JinjaFault) -> JinjaText {
        var values = PercentValues(argument)
        var result: [UInt32] = []
        var rest = format.units[...]
        while let unit = rest.popFirst() {
            try charge()
            if unit & ~JinjaText.mark != 0x25 {
                result.append(unit)
            } else if let next = rest.first, next & ~JinjaText.mark == 0x25 {
                result.append(rest.removeFirst())
            } else {
                let conversion = try PercentConversion(&rest)
                let value = try values.next(conversion.key)
                let text = try percentSpecified(value, conversion.specification, conversion.type)
                try extend(&result, by: text.units)
            }
        }
        try values.checkNoneIsLeft()
        return format.with(result)
    }

    private func percentSpecified(
        _ value: JinjaValue, _ specification: String, _ type: Unicode.Scalar
    ) throws(JinjaFault) -> JinjaText {
        var spec = try FormatSpecification(percent: specification)
        switch type {
        case "s", "r":
            var text = try type == "s" ? text(of: value) : representation(of: value)
            if let precision = spec.precision { text = JinjaText(text.units.prefix(precision)) }
            if spec.alignment == "=" { spec.alignment = ">" }
            return try aligned(text, spec, isNumber: true)
        case "d", "i", "u":
            guard let number = value.number else {
                throw .failed("%d format: a real number is required, not \(value.typeName)")
            }
            guard let integer = value.wholeNumber ?? LargeInteger(exactly: number.rounded(.towardZero)) else {
                throw .failed("cannot convert float \(Self.text(of: number)) to integer")
            }
            spec.type = "d"
            spec.precision = nil
            return try aligned(JinjaText(spec.number(JinjaValue(integer))), spec, isNumber: true)
        case "f", "F", "e", "E", "g", "G", "x", "X", "o":
            guard value.number != nil else { throw .failed("must be real number, not \(value.typeName)") }
            spec.type = type
            if "xXo".unicodeScalars.contains(type), value.wholeNumber == nil {
                throw .failed("%\(type) format: an integer is required, not \(value.typeName)")
            }
            return try aligned(JinjaText(spec.number(value)), spec, isNumber: true)
        default: throw .failed("unsupported format character '\(type)'")
        }
    }
}

/// The conversion behind a `%`: a key in brackets, flags with width and precision, and a type.
private struct PercentConversion {
    let key: JinjaText?
    let specification: String
    let type: Unicode.Scalar

    /// Takes it from the beginning of a text.
    init(_ rest: inout ArraySlice<UInt32>) throws(JinjaFault) {
        var scalar: Unicode.Scalar { rest.first.map(JinjaText.scalar) ?? "\0" }
        if scalar == "(" {
            let key = JinjaText(rest.dropFirst().prefix { $0 & ~JinjaText.mark != 0x29 })
            rest = rest.dropFirst(key.count + 2)
            self.key = key
        } else {
            key = nil
        }
        var specification = ""
        while "-+ #0123456789.".unicodeScalars.contains(scalar), !rest.isEmpty {
            specification.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        self.specification = specification
        type = scalar
        guard rest.popFirst() != nil else { throw .failed("incomplete format") }
    }
}

/// The values that a format with `%` takes: by their order, or by the keys of a dictionary.
private struct PercentValues {
    private let argument: JinjaValue
    private let values: [JinjaValue]
    private var taken = 0

    init(_ argument: JinjaValue) {
        self.argument = argument
        if case .tuple(let sequence) = argument { values = sequence.items } else { values = [argument] }
    }

    mutating func next(_ key: JinjaText?) throws(JinjaFault) -> JinjaValue {
        if let key {
            guard case .dictionary(let dictionary) = argument else {
                throw .failed("format requires a mapping")
            }
            guard let item = dictionary[.string(key)] else {
                throw .failed("the format names a key that is not given")
            }
            return item
        }
        guard taken < values.count else { throw .failed("not enough arguments for format string") }
        taken += 1
        return values[taken - 1]
    }

    func checkNoneIsLeft() throws(JinjaFault) {
        if case .dictionary = argument { return }
        guard taken == values.count else {
            throw .failed("not all arguments converted during string formatting")
        }
    }
}
