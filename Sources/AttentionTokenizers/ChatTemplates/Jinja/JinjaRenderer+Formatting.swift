import Foundation

/// `'…'.format(…)` and `'…' % …`
extension JinjaRenderer {
    // MARK: format

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
                guard !field.contains("{") else { throw .unsupported("a format within a format") }
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

    /// What stands for `{field}`: a name, `!s` or `!r`, and `:` with a specification.
    private func replacement(
        _ field: String, _ arguments: JinjaArguments, _ automatic: inout Int
    ) throws(JinjaFault) -> JinjaText {
        let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "!", maxSplits: 1, omittingEmptySubsequences: false)
        var value = try self.field(String(names[0]), arguments, &automatic)
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
        let name = String(path.prefix { $0 != "." && $0 != "[" })
        var rest = path.dropFirst(name.count)
        var value: JinjaValue
        if let index = name.isEmpty ? automatic : Int(name) {
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
                let name = String(rest.prefix { $0 != "." && $0 != "[" })
                value = try attribute(name, of: value)
                rest = rest.dropFirst(name.count)
            } else {
                let key = String(rest.prefix { $0 != "]" })
                guard first == "[", rest.count > key.count else {
                    throw .failed("Missing ']' in format string")
                }
                value = try item(Int(key).map(JinjaValue.integer) ?? .string(key), of: value)
                rest = rest.dropFirst(key.count + 1)
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
        case (.string(let string), "s"), (.string(let string), ""):
            text = spec.precision.map { JinjaText(string.units.prefix($0)) } ?? string
        case _ where isNumber: text = JinjaText(try spec.number(value))
        default:
            if case .string = value {
                throw .failed("Unknown format code '\(spec.type)' for object of type 'str'")
            }
            throw .failed("unsupported format string passed to \(value.typeName).__format__")
        }
        return try aligned(text, spec, isNumber: isNumber)
    }

    private func aligned(
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

    // MARK: %

    func percentFormatted(_ format: JinjaText, _ argument: JinjaValue) throws(JinjaFault) -> JinjaText {
        var values = [argument]
        if case .tuple(let sequence) = argument { values = sequence.items }
        var next = 0
        var result: [UInt32] = []
        var rest = format.units[...]
        func current() -> Unicode.Scalar { rest.first.map(JinjaText.scalar) ?? "\0" }
        while let unit = rest.popFirst() {
            try charge()
            guard unit & ~JinjaText.mark == 0x25 else {
                result.append(unit)
                continue
            }
            if current() == "%" {
                result.append(rest.removeFirst())
                continue
            }
            var key: JinjaText?
            if current() == "(" {
                key = JinjaText(rest.dropFirst().prefix { $0 & ~JinjaText.mark != 0x29 })
                rest = rest.dropFirst((key?.count ?? 0) + 2)
            }
            var specification = ""
            while "-+ #0123456789.".unicodeScalars.contains(current()), !rest.isEmpty {
                specification.unicodeScalars.append(current())
                rest.removeFirst()
            }
            let type = current()
            guard !rest.isEmpty else { throw .failed("incomplete format") }
            rest.removeFirst()
            let value: JinjaValue
            if let key {
                guard case .dictionary(let dictionary) = argument else {
                    throw .failed("format requires a mapping")
                }
                guard let item = dictionary[.string(key)] else {
                    throw .failed("the format names a key that is not given")
                }
                value = item
            } else {
                guard next < values.count else { throw .failed("not enough arguments for format string") }
                value = values[next]
                next += 1
            }
            try extend(&result, by: percentSpecified(value, specification, type).units)
        }
        var takesAny = false
        if case .dictionary = argument { takesAny = true }
        guard takesAny || next == values.count else {
            throw .failed("not all arguments converted during string formatting")
        }
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
            guard let integer = value.integer ?? Int(exactly: number.rounded(.towardZero)) else {
                throw .failed("%d format: the number is too large")
            }
            spec.type = "d"
            spec.precision = nil
            return try aligned(JinjaText(spec.number(.integer(integer))), spec, isNumber: true)
        case "f", "F", "e", "E", "g", "G", "x", "X", "o":
            guard value.number != nil else { throw .failed("must be real number, not \(value.typeName)") }
            spec.type = String(type)
            if "xXo".unicodeScalars.contains(type), value.integer == nil {
                throw .failed("%\(type) format: an integer is required, not \(value.typeName)")
            }
            return try aligned(JinjaText(spec.number(value)), spec, isNumber: true)
        default: throw .failed("unsupported format character '\(type)'")
        }
    }
}

/// Python's format specification, `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var width = 0
    var hasCommas = false
    var precision: Int?
    var type = ""

    /// Digits after the point at most; more than any number has.
    private static let greatestPrecision = 400

    init(_ text: String) throws(JinjaFault) {
        var rest = Array(text.unicodeScalars)[...]
        let alignments: [Unicode.Scalar] = ["<", ">", "=", "^"]
        if rest.count > 1, alignments.contains(rest[rest.startIndex + 1]) {
            fill = rest.removeFirst()
            alignment = rest.removeFirst()
        } else if let first = rest.first, alignments.contains(first) {
            alignment = rest.removeFirst()
        }
        if let first = rest.first, ["+", "-", " "].contains(first) { sign = rest.removeFirst() }
        if rest.first == "#" { throw .unsupported("'#' in a format") }
        if rest.first == "0" {
            rest.removeFirst()
            if alignment == nil { (fill, alignment) = ("0", "=") }
        }
        width = try Self.digits(&rest) ?? 0
        if rest.first == "," {
            rest.removeFirst()
            hasCommas = true
        }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = try Self.digits(&rest) else {
                throw .failed("Format specifier missing precision")
            }
            precision = digits
        }
        type = String(String.UnicodeScalarView(rest))
        guard rest.count <= 1 else { throw .failed("Invalid format specifier '\(text.prefix(40))'") }
    }

    /// The flags, width and precision of a `%` format.
    init(percent text: String) throws(JinjaFault) {
        var rest = Array(text.unicodeScalars)[...]
        while let flag = rest.first, ["-", "+", " ", "#", "0"].contains(flag) {
            rest.removeFirst()
            switch flag {
            case "-": (alignment, fill) = ("<", " ")
            case "+": sign = "+"
            case " ": if sign != "+" { sign = " " }
            case "0": if alignment == nil { (alignment, fill) = ("=", "0") }
            default: throw .unsupported("'#' in a format")
            }
        }
        width = try Self.digits(&rest) ?? 0
        if rest.first == "." {
            rest.removeFirst()
            precision = try Self.digits(&rest) ?? 0
        }
        guard rest.isEmpty else { throw .failed("Invalid format '%\(text.prefix(40))'") }
    }

    private static func digits(_ rest: inout ArraySlice<Unicode.Scalar>) throws(JinjaFault) -> Int? {
        var text = ""
        while let digit = rest.first, ("0"..."9").contains(digit) {
            text.unicodeScalars.append(rest.removeFirst())
        }
        if text.isEmpty { return nil }
        guard let number = Int(text), number <= 1 << 32 else {
            throw .failed("Too many decimal digits in format string")
        }
        return number
    }

    /// A number without its alignment.
    func number(_ value: JinjaValue) throws(JinjaFault) -> String {
        guard precision ?? 0 <= Self.greatestPrecision else {
            throw .unsupported("more than \(Self.greatestPrecision) digits in a format")
        }
        var digits: String
        var isNegative = false
        switch (value.integer, type) {
        case (let integer?, "d"), (let integer?, ""):
            if type.isEmpty, case .bool(let flag) = value { return flag ? "True" : "False" }
            guard precision == nil else { throw .failed("Precision not allowed in integer format specifier") }
            digits = String(integer.magnitude)
            isNegative = integer < 0
        case (let integer?, "x"), (let integer?, "X"), (let integer?, "o"), (let integer?, "b"):
            digits = String(
                integer.magnitude, radix: type == "o" ? 8 : type == "b" ? 2 : 16, uppercase: type == "X")
            isNegative = integer < 0
        default:
            let number = value.number ?? 0
            isNegative = number.sign == .minus
            digits = try float(number.magnitude)
        }
        if hasCommas { digits = Self.grouped(digits) }
        return (isNegative ? "-" : sign == "-" ? "" : String(sign)) + digits
    }

    private func float(_ number: Double) throws(JinjaFault) -> String {
        guard number.isFinite else { return JinjaRenderer.text(of: number) }
        let places = precision ?? 6
        switch type {
        case "f", "F": return String(format: "%.\(places)f", number)
        case "e", "E": return String(format: "%.\(places)\(type)", number)
        case "g", "G": return String(format: "%.\(places)\(type)", number)
        case "%": return String(format: "%.\(places)f", number * 100) + "%"
        case "":
            guard let precision else { return JinjaRenderer.text(of: number) }
            let text = String(format: "%.\(precision)g", number)
            return text.contains(where: { ".en".contains($0) }) || precision == 0 ? text : text + ".0"
        default: throw .failed("Unknown format code '\(type)' for object of type 'float'")
        }
    }

    private static func grouped(_ digits: String) -> String {
        let whole = digits.prefix { $0.isNumber }
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped + digits.dropFirst(whole.count)
    }
}
