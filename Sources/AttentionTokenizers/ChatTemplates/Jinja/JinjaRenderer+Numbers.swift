import Foundation

/// The filters that make or change numbers.
extension JinjaRenderer {
    func apply(
        numberFilter name: String, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        switch name {
        case "int": return try integer(value, arguments)
        case "float":
            let standard = try arguments.bound("default", for: name)[0]
            if let number = value.number { return .float(number) }
            return value.text.flatMap { Self.number($0) }.map(JinjaValue.float) ?? standard ?? .float(0)
        case "abs":
            if let integer = value.integer, integer != .min { return .integer(abs(integer)) }
            guard let number = value.number else {
                throw .failed("bad operand type for abs(): '\(value.typeName)'")
            }
            return .float(abs(number))
        default: return try rounded(value, arguments)
        }
    }

    private func integer(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("default", "base", for: "int")
        let standard = values[0] ?? .integer(0)
        let base = try integer(values[1], default: 10, for: "int")
        guard (2...36).contains(base) else { throw .unsupported("int with the base \(base)") }
        if let integer = value.integer { return .integer(integer) }
        var number = value.number
        if let text = value.text {
            try charge(units: text.count)
            let plain = text.stripped().string.replacing("_", with: "")
            if let integer = Int(plain, radix: base) { return .integer(integer) }
            number = Self.number(text)
        }
        return number.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map(JinjaValue.integer) ?? standard
    }

    private static func number(_ text: JinjaText) -> Double? {
        let text = text.stripped().string
        // Swift also reads hexadecimal numbers, Python does not.
        guard text.utf8.count <= 400, !text.contains(where: { $0 == "x" || $0 == "X" || $0 == "p" }) else {
            return nil
        }
        return Double(text)
    }

    private func rounded(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("precision", "method", for: "round")
        let precision = try integer(values[0], default: 0, for: "round")
        let method = values[1]?.text?.string ?? "common"
        guard let number = value.number else {
            throw .failed("type \(value.typeName) doesn't define __round__ method")
        }
        guard abs(precision) <= 300 else { throw .unsupported("rounding to \(precision) digits") }
        let factor = pow(10, Double(precision))
        switch method {
        case "common":
            if let integer = value.integer, precision >= 0 { return .integer(integer) }
            guard precision >= 0 else { return .float((number * factor).rounded(.toNearestOrEven) / factor) }
            return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
        case "ceil": return .float((number * factor).rounded(.up) / factor)
        case "floor": return .float((number * factor).rounded(.down) / factor)
        default: throw .failed("method must be common, ceil or floor")
        }
    }
}
