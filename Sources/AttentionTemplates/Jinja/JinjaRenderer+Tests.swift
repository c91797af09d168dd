import AttentionJSON

/// The tests, `value is …`.
extension JinjaRenderer {
    func test(
        _ base: JinjaExpression, _ name: ExactString, _ arguments: JinjaExpression.Arguments, at position: Int
    ) throws(JinjaFault) -> Bool {
        let value = try evaluate(base)
        let values = try evaluate(arguments)
        self.position = position
        return try test(name, value, values)
    }

    private static let names: Set<ExactString> = [
        "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string",
        "mapping", "sequence", "iterable", "callable", "escaped", "lower", "upper", "odd", "even", "filter",
        "test",
        "divisibleby", "sameas", "in", "eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=",
        "gt",
        "greaterthan", ">", "ge", ">=",
    ]

    func test(_ name: ExactString, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault)
        -> Bool
    {
        switch name {
        case "divisibleby":
            let divisor = try operand(arguments, name)
            return try apply(.modulo, value, divisor).scalarEquals(.integer(0))
        case "sameas": return same(value, try operand(arguments, name))
        case "in": return try contains(operand(arguments, name), value)
        case "eq", "equalto", "==": return try equal(value, operand(arguments, name))
        case "ne", "!=": return try !equal(value, operand(arguments, name))
        case "lt", "lessthan", "<": return try compare(.less, value, operand(arguments, name))
        case "le", "<=": return try compare(.lessOrEqual, value, operand(arguments, name))
        case "gt", "greaterthan", ">": return try compare(.greater, value, operand(arguments, name))
        case "ge", ">=": return try compare(.greaterOrEqual, value, operand(arguments, name))
        default:
            guard Self.names.contains(name) else { throw .unsupported("the test '\(name)'") }
            try arguments.none(for: name)
            return try simpleTest(name, value)
        }
    }

    private func operand(_ arguments: JinjaArguments, _ name: ExactString) throws(JinjaFault) -> JinjaValue {
        try arguments.bound("other", required: 1, for: name)[0] ?? .null
    }

    private func simpleTest(_ name: ExactString, _ value: JinjaValue) throws(JinjaFault) -> Bool {
        switch (name, value) {
        case ("defined", _): return !value.isUndefined
        case ("undefined", _): return value.isUndefined
        case ("none", _): return value.isNone
        case ("boolean", .bool), ("integer", .integer), ("integer", .large), ("float", .float),
            ("string", .string),
            ("mapping", .dictionary), ("number", .integer), ("number", .large), ("number", .float),
            ("number", .bool),
            ("sequence", .string), ("sequence", .list), ("sequence", .tuple), ("sequence", .dictionary),
            ("sequence", .undefined), ("iterable", .string), ("iterable", .list), ("iterable", .tuple),
            ("iterable", .dictionary), ("iterable", .undefined), ("iterable", .iterator), ("iterable", .loop),
            ("callable", .function), ("callable", .macro), ("callable", .method), ("callable", .undefined),
            ("callable", .loop):
            return true
        case ("true", .bool(let flag)): return flag
        case ("false", .bool(let flag)): return !flag
        case ("escaped", .string(let text)): return text.isMarkup
        case ("lower", _), ("upper", _): return Self.hasCase(try text(of: value), isUpper: name == "upper")
        case ("odd", _): return try apply(.modulo, value, .integer(2)).scalarEquals(.integer(1))
        case ("even", _): return try apply(.modulo, value, .integer(2)).scalarEquals(.integer(0))
        case ("filter", .string(let text)):
            return Self.textFilters.contains(text.name) || Self.sequenceFilters.contains(text.name)
        case ("test", .string(let text)): return Self.names.contains(text.name)
        default: return false
        }
    }

    /// Whether two values are one object in Python; containers that are equal may be two.
    private func same(_ a: JinjaValue, _ b: JinjaValue) -> Bool {
        // exact-text: the names of types are the program's own.
        !a.isUndefined && a.typeName == b.typeName && a.scalarEquals(b)
    }
}
