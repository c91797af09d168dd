import AttentionJSON
import Foundation

/// The filters that make or change numbers.
extension JinjaRenderer {
    func apply(
        numberFilter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        switch name {
        case "int": return try integer(value, arguments)
        case "float":
            let standard = try arguments.bound("default", for: name)[0]
            if case .undefined(let undefined) = value { throw .failed(undefined.message) }
            if let number = value.number {
                guard number.isFinite || value.wholeNumber == nil else {
                    throw .failed("int too large to convert to float")
                }
                return .float(number)
            }
            return value.text.flatMap { Self.number($0) }.map(JinjaValue.float) ?? standard ?? .float(0)
        case "abs":
            if let whole = value.wholeNumber { return JinjaValue(whole.magnitude) }
            if case .undefined(let undefined) = value { throw .failed(undefined.message) }
            guard let number = value.number else {
                throw .failed("bad operand type for abs(): '\(value.typeName)'")
            }
            return .float(abs(number))
        default: return try rounded(value, arguments)
        }
    }

    /// `int(value, base)`, where that fails `int(float(value))`, and where that fails the default.
    private func integer(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("default", "base", for: "int")
        let standard = values[0] ?? .integer(0)
        let base = try integer(values[1], default: 10, for: "int")
        if let whole = value.wholeNumber { return JinjaValue(whole) }
        switch value {
        case .undefined(let undefined): throw .failed(undefined.message)
        case .string(let text):
            try charge(units: text.count)
            // Digits of bases other than ten are added one by one.
            try charge(min(text.count, LargeInteger.greatestDigitCount) * (base == 10 ? 1 : 32))
            if let whole = Self.whole(text, base: base) { return JinjaValue(whole) }
            guard let number = Self.number(text), number.isFinite else { return standard }
            return LargeInteger(exactly: number.rounded(.towardZero)).map { JinjaValue($0) } ?? standard
        case .float(let number):
            guard !number.isInfinite else { throw .failed("cannot convert float infinity to integer") }
            return LargeInteger(exactly: number.rounded(.towardZero)).map { JinjaValue($0) } ?? standard
        default: return standard
        }
    }

    /// A whole number as Python's `int` reads it: white space around it, a sign, a prefix such as `0x` where
    /// the base is 0 or the prefix's own, and single underscores between digits.
    private static func whole(_ text: JinjaText, base: Int) -> LargeInteger? {
        guard base == 0 || (2...36).contains(base) else { return nil }
        // Digits of every script count, as far as they are decimal.
        var digits = text.stripped().units.map { unit -> Unicode.Scalar in
            let scalar = JinjaText.scalar(unit)
            guard !scalar.isASCII, scalar.properties.numericType == .decimal,
                let value = scalar.properties.numericValue
            else { return scalar }
            return Unicode.Scalar(0x30 + UInt8(value))
        }[...]
        let sign = digits.first
        if sign == "-" || sign == "+" { digits.removeFirst() }
        var base = base
        var hasPrefix = false
        if digits.count > 2, digits.first == "0",
            let named = Self.base(digits[digits.startIndex + 1]),
            base == 0 || base == named
        {
            (base, hasPrefix) = (named, true)
            digits.removeFirst(2)
        }
        let plain = digits.filter { $0 != "_" }
        // An underscore stands between two digits, or between a prefix and a digit.
        guard plain.count <= LargeInteger.greatestDigitCount, digits.last != "_",
            hasPrefix || digits.first != "_",
            !zip(digits, digits.dropFirst()).contains(where: { $0 == "_" && $1 == "_" })
        else { return nil }
        if base == 0 {
            // As in a program: 012 is no number, 00 is.
            guard plain.first != "0" || plain.allSatisfy({ $0 == "0" }) else { return nil }
            base = 10
        }
        let characters = String(String.UnicodeScalarView(plain))
        let whole = base == 10 ? LargeInteger(plainDigits: characters) : LargeInteger(characters, radix: base)
        return sign == "-" ? whole.map(\.negated) : whole
    }

    /// The base that a number's prefix names.
    private static func base(_ letter: Unicode.Scalar) -> Int? {
        switch letter {
        case "x", "X": 16
        case "o", "O": 8
        case "b", "B": 2
        default: nil
        }
    }

    private static func number(_ text: JinjaText) -> Double? {
        let text = text.stripped().string
        // Swift also reads hexadecimal numbers, Python does not.
        guard text.utf8.count <= 400, !text.unicodeScalars.contains(where: { ["x", "X", "p"].contains($0) })
        else {
            return nil
        }
        return Double(text)
    }

    private func rounded(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("precision", "method", for: "round")
        let precision = try integer(values[0], default: 0, for: "round")
        let method = values[1]?.text?.name ?? "common"
        if case .undefined(let undefined) = value { throw .failed(undefined.message) }
        guard let number = value.number else {
            throw .failed("type \(value.typeName) doesn't define __round__ method")
        }
        guard (-300...300).contains(precision) else { throw .unsupported("rounding to \(precision) digits") }
        let factor = pow(10, Double(precision))
        switch method {
        case "common":
            if let whole = value.wholeNumber {
                return precision >= 0 ? JinjaValue(whole) : rounded(whole, to: -precision)
            }
            guard precision >= 0 else { return .float((number * factor).rounded(.toNearestOrEven) / factor) }
            return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
        case "ceil": return .float((number * factor).rounded(.up) / factor)
        case "floor": return .float((number * factor).rounded(.down) / factor)
        default: throw .failed("method must be common, ceil or floor")
        }
    }

    /// The nearest multiple of a power of ten; of two, the even one.
    private func rounded(_ value: LargeInteger, to power: Int) -> JinjaValue {
        let unit = LargeInteger.power(LargeInteger(10), power)
        let (quotient, remainder) = value.dividedFlooring(by: unit)
        let doubled = remainder * LargeInteger(2)
        let isOdd = !quotient.dividedFlooring(by: LargeInteger(2)).remainder.isZero
        let isUp = doubled > unit || doubled == unit && isOdd
        return JinjaValue((quotient + LargeInteger(isUp ? 1 : 0)) * unit)
    }
}
