import Foundation

/// Arithmetic and comparison, as Python has them.
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
        if let a = left.number, let b = right.number { return try floats(operation, a, b) }
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
        case .divide: return try floats(.divide, Double(a), Double(b))
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
        guard !result.overflow else { throw .unsupported("a whole number beyond 64 bits") }
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
        guard let number = value.number else {
            throw .failed("bad operand type for unary \(isNegative ? "-" : "+"): '\(value.typeName)'")
        }
        return .float(isNegative ? -number : number)
    }

    // MARK: Comparison

    func comparison(
        _ first: JinjaExpression, _ rest: [(JinjaExpression.Comparison, JinjaExpression)]
    ) throws(JinjaFault) -> JinjaValue {
        var left = try evaluate(first)
        for (comparison, operand) in rest {
            let right = try evaluate(operand)
            guard try compare(comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func compare(
        _ comparison: JinjaExpression.Comparison, _ left: JinjaValue, _ right: JinjaValue
    ) throws(JinjaFault) -> Bool {
        switch comparison {
        case .equal: try equal(left, right)
        case .unequal: try !equal(left, right)
        case .less: try precedes(left, right, "<")
        case .greater: try precedes(right, left, ">")
        case .lessOrEqual: try precedes(left, right, "<=") ? true : equal(left, right)
        case .greaterOrEqual: try precedes(right, left, ">=") ? true : equal(left, right)
        case .within: try contains(right, left)
        case .without: try !contains(right, left)
        }
    }

    func equal(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaFault) -> Bool {
        try charge()
        switch (left, right) {
        case (.string(let a), .string(let b)):
            guard a.count == b.count else { return false }
            try charge(units: a.count)
            return a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            guard a.items.count == b.items.count else { return false }
            for (x, y) in zip(a.items, b.items) where try !equal(x, y) { return false }
            return true
        case (.dictionary(let a), .dictionary(let b)):
            guard a.keys.count == b.keys.count else { return false }
            for (key, value) in zip(a.keys, a.values) {
                try charge(units: key.text?.count ?? 0)
                guard let other = b[key], try equal(value, other) else { return false }
            }
            return true
        case (.method(let a, let first), .method(let b, let second)):
            return try first == second ? equal(a, b) : false
        default: return left.scalarEquals(right)
        }
    }

    /// Whether `left` comes before `right`.
    func precedes(_ left: JinjaValue, _ right: JinjaValue, _ symbol: String = "<") throws(JinjaFault) -> Bool
    {
        try charge()
        if let a = left.integer, let b = right.integer { return a < b }
        if let a = left.number, let b = right.number { return a < b }
        switch (left, right) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)):
            throw .failed(undefined.message)
        case (.string(let a), .string(let b)):
            try charge(units: min(a.count, b.count))
            return a.precedes(b)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.items, b.items) where try !equal(x, y) { return try precedes(x, y, symbol) }
            return a.items.count < b.items.count
        default:
            throw .failed(
                "'\(symbol)' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
        }
    }

    /// `element in container`
    func contains(_ container: JinjaValue, _ element: JinjaValue) throws(JinjaFault) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let wanted) = element else {
                throw .failed("'in <string>' requires string as left operand, not \(element.typeName)")
            }
            try charge(units: text.count + wanted.count)
            return text.first(wanted) != nil
        case .dictionary(let dictionary):
            try charge(units: element.text?.count ?? 0)
            guard JinjaDictionary.Key(element) != nil || element.isUndefined else {
                throw .failed("unhashable type: '\(element.typeName)'")
            }
            return dictionary[element] != nil
        default:
            for item in try items(of: container) where try equal(item, element) { return true }
            return false
        }
    }
}
