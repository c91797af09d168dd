import Foundation

/// Arithmetic, as Python has it.
extension JinjaRenderer {
    func arithmetic(
        _ first: JinjaExpression, _ rest: [(JinjaExpression.Arithmetic, JinjaExpression)]
    ) throws(JinjaFault) -> JinjaValue {
        var value = try evaluate(first)
        for (operation, operand) in rest {
            let operand = try evaluate(operand)
            value = try apply(operation, value, operand)
        }
        return value
    }

    func apply(
        _ operation: JinjaExpression.Arithmetic, _ left: JinjaValue, _ right: JinjaValue
    ) throws(JinjaFault) -> JinjaValue {
        for case .undefined(let undefined) in [left, right] where left.text == nil || operation != .modulo {
            throw .failed(undefined.message)
        }
        if let a = left.integer, let b = right.integer { return try integers(operation, a, b) }
        if let a = left.wholeNumber, let b = right.wholeNumber { return try wholeNumbers(operation, a, b) }
        if left.number != nil, right.number != nil {
            return try floats(operation, float(of: left), float(of: right))
        }
        switch (operation, left, right) {
        case (.add, .string(let a), .string(let b)): return try sum(a, b)
        case (.add, .list(let a), .list(let b)): return try list(a.items + b.items)
        case (.add, .tuple(let a), .tuple(let b)):
            try charge(a.items.count + b.items.count)
            return .tuple(try JinjaSequence(a.items + b.items))
        case (.add, .string, _):
            throw .failed("can only concatenate str (not \"\(right.typeName)\") to str")
        case (.add, .list, _):
            throw .failed("can only concatenate list (not \"\(right.typeName)\") to list")
        case (.multiply, .string, _), (.multiply, .list, _), (.multiply, .tuple, _):
            if let times = right.integer { return try repeated(left, times) }
        case (.multiply, _, .string), (.multiply, _, .list), (.multiply, _, .tuple):
            if let times = left.integer { return try repeated(right, times) }
        case (.modulo, .string(let format), _): return try string(percentFormatted(format, right))
        default: break
        }
        throw .failed(
            "unsupported operand type(s) for \(Self.symbol(operation)): '\(left.typeName)' and '\(right.typeName)'"
        )
    }

    private static func symbol(_ operation: JinjaExpression.Arithmetic) -> String {
        switch operation {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .floorDivide: "//"
        case .modulo: "%"
        case .power: "** or pow()"
        }
    }

    private func sum(_ a: JinjaText, _ b: JinjaText) throws(JinjaFault) -> JinjaValue {
        try reserve(units: a.count + b.count)
        guard a.isMarkup || b.isMarkup else { return .string(JinjaText(units: a.units + b.units)) }
        let left = a.isMarkup ? a : a.escaped
        let right = b.isMarkup ? b : b.escaped
        return try string(JinjaText(units: left.units + right.units, isMarkup: true))
    }

    private func repeated(_ value: JinjaValue, _ times: Int) throws(JinjaFault) -> JinjaValue {
        func items(_ items: [JinjaValue]) throws(JinjaFault) -> [JinjaValue] {
            try charge(min(Self.product(items.count, times), .max / 4) * 2)
            return Array(repeatElement(items, count: max(times, 0)).joined())
        }
        switch value {
        case .string(let text):
            try reserve(units: Self.product(text.count, times))
            return .string(
                text.with(text.isEmpty ? [] : Array(repeatElement(text.units, count: max(times, 0)).joined()))
            )
        case .list(let sequence) where !sequence.items.isEmpty:
            return .list(.init(try items(sequence.items), of: sequence))
        case .tuple(let sequence) where !sequence.items.isEmpty:
            return .tuple(.init(try items(sequence.items), of: sequence))
        default: return value
        }
    }

    private func integers(
        _ operation: JinjaExpression.Arithmetic, _ a: Int, _ b: Int
    ) throws(JinjaFault) -> JinjaValue {
        var result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide: return try wholeNumbers(.divide, LargeInteger(a), LargeInteger(b))
        case .floorDivide, .modulo:
            guard b != 0 else { throw .failed("integer division or modulo by zero") }
            let quotient = a.dividedReportingOverflow(by: b)
            let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
            let isBetween = remainder != 0 && (remainder < 0) != (b < 0)
            result =
                operation == .modulo
                ? (isBetween ? remainder + b : remainder, false)
                : (isBetween ? quotient.partialValue - 1 : quotient.partialValue, quotient.overflow)
        case .power:
            guard b >= 0 else { return try floats(.power, Double(a), Double(b)) }
            result = Self.power(a, b)
        }
        guard !result.overflow else { return try wholeNumbers(operation, LargeInteger(a), LargeInteger(b)) }
        return .integer(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        if [0, 1].contains(base) { return (exponent == 0 ? 1 : base, false) }
        if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
        guard exponent < 64 else { return (0, true) }
        var result = (partialValue: 1, overflow: false)
        for _ in 0..<exponent {
            result = result.partialValue.multipliedReportingOverflow(by: base)
            if result.overflow { break }
        }
        return result
    }

    private func wholeNumbers(
        _ operation: JinjaExpression.Arithmetic, _ a: LargeInteger, _ b: LargeInteger
    ) throws(JinjaFault) -> JinjaValue {
        // A division takes a few operations for each digit of the quotient.
        let effort = [.floorDivide, .modulo, .divide].contains(operation) ? 4 : 1
        try charge(effort * (a.limbCount + 1) * (b.limbCount + 1))
        switch operation {
        case .add: return try whole(a + b)
        case .subtract: return try whole(a - b)
        case .multiply: return try whole(a * b)
        case .divide:
            guard !b.isZero else { throw .failed("division by zero") }
            let quotient = a.divided(by: b)
            guard quotient.isFinite else { throw .failed("integer division result too large for a float") }
            return .float(quotient)
        case .floorDivide, .modulo:
            guard !b.isZero else { throw .failed("integer division or modulo by zero") }
            let (quotient, remainder) = a.dividedFlooring(by: b)
            return try whole(operation == .modulo ? remainder : quotient)
        case .power:
            guard b >= LargeInteger(0) else {
                return try floats(.power, float(of: JinjaValue(a)), float(of: JinjaValue(b)))
            }
            if a.magnitude <= LargeInteger(1) {
                let isEven = b.dividedFlooring(by: LargeInteger(2)).remainder.isZero
                return a.isZero && !b.isZero ? .integer(0) : JinjaValue(isEven ? LargeInteger(1) : a)
            }
            // Bits of the base, less one, times the exponent: no more than the result has.
            let bits = max((a.digitCount - 1) * 3, 1)
            guard let exponent = b.int, exponent <= 4 * LargeInteger.greatestDigitCount / bits else {
                throw tooLarge
            }
            let limbs = exponent * a.digitCount / 9 + 1
            try charge(limbs * limbs / 16)
            return try whole(.power(a, exponent))
        }
    }

    /// A result that is not too long.
    func whole(_ value: LargeInteger) throws(JinjaFault) -> JinjaValue {
        try charge(value.limbCount)
        guard value.digitCount <= LargeInteger.greatestDigitCount else { throw tooLarge }
        return JinjaValue(value)
    }

    private var tooLarge: JinjaFault {
        JinjaFault(.tooCostly, "a whole number of more than \(LargeInteger.greatestDigitCount) digits")
    }

    /// A number beside a floating-point number.
    private func float(of value: JinjaValue) throws(JinjaFault) -> Double {
        let number = value.number ?? 0
        guard value.wholeNumber == nil || number.isFinite else {
            throw .failed("int too large to convert to float")
        }
        return number
    }

    private func floats(
        _ operation: JinjaExpression.Arithmetic, _ a: Double, _ b: Double
    ) throws(JinjaFault) -> JinjaValue {
        switch operation {
        case .add: return .float(a + b)
        case .subtract: return .float(a - b)
        case .multiply: return .float(a * b)
        case .power:
            let power = pow(a, b)
            guard !power.isNaN || a.isNaN || b.isNaN, a != 0 || b >= 0 else {
                throw .failed("\(a) cannot be raised to the power \(b)")
            }
            guard power.isFinite || !a.isFinite || !b.isFinite else {
                throw .failed("the result is too large")
            }
            return .float(power)
        default:
            guard b != 0 else { throw .failed("division by zero") }
            if operation == .divide { return .float(a / b) }
            var remainder = fmod(a, b)
            if remainder != 0, (remainder < 0) != (b < 0) { remainder += b }
            return .float(operation == .modulo ? remainder : ((a - remainder) / b).rounded())
        }
    }

    func sign(_ operand: JinjaExpression, isNegative: Bool) throws(JinjaFault) -> JinjaValue {
        let value = try evaluate(operand)
        if case .undefined(let undefined) = value { throw .failed(undefined.message) }
        if let integer = value.integer {
            guard isNegative else { return .integer(integer) }
            return try integers(.subtract, 0, integer)
        }
        if let whole = value.wholeNumber { return JinjaValue(isNegative ? whole.negated : whole) }
        guard let number = value.number else {
            throw .failed("bad operand type for unary \(isNegative ? "-" : "+"): '\(value.typeName)'")
        }
        return .float(isNegative ? -number : number)
    }
}
