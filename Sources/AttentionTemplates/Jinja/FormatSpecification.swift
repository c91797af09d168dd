import Foundation

/// Python's format specification, `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var width = 0
    var hasCommas = false
    var precision: Int?
    /// None for no type.
    var type: Unicode.Scalar?

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
        type = rest.first
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

    /// The type's letter; empty for none.
    var typeName: String { type.map { String($0) } ?? "" }

    /// A number without its alignment.
    func number(_ value: JinjaValue) throws(JinjaFault) -> String {
        guard precision ?? 0 <= Self.greatestPrecision else {
            throw .unsupported("more than \(Self.greatestPrecision) digits in a format")
        }
        var digits: String
        var isNegative = false
        switch (value.wholeNumber, type) {
        case (let integer?, "d"), (let integer?, nil):
            if type == nil, case .bool(let flag) = value { return flag ? "True" : "False" }
            guard precision == nil else { throw .failed("Precision not allowed in integer format specifier") }
            digits = integer.magnitude.description
            isNegative = integer < LargeInteger(0)
        case (let integer?, "x"), (let integer?, "X"), (let integer?, "o"), (let integer?, "b"):
            digits = integer.magnitudeText(
                radix: type == "o" ? 8 : type == "b" ? 2 : 16, uppercase: type == "X")
            isNegative = integer < LargeInteger(0)
        default:
            let number = value.number ?? 0
            guard value.wholeNumber == nil || number.isFinite else {
                throw .failed("int too large to convert to float")
            }
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
        case "f"?, "F"?: return String(format: "%.\(places)f", number)
        case "e"?, "E"?, "g"?, "G"?: return String(format: "%.\(places)\(typeName)", number)
        case "%"?: return String(format: "%.\(places)f", number * 100) + "%"
        case nil:
            guard let precision else { return JinjaRenderer.text(of: number) }
            let text = String(format: "%.\(precision)g", number)
            return text.unicodeScalars.contains(where: { [".", "e", "n"].contains($0) }) || precision == 0
                ? text : text + ".0"
        default: throw .failed("Unknown format code '\(typeName)' for object of type 'float'")
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
