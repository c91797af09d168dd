import AttentionJSON

/// Expressions, by precedence from low to high.
extension JinjaParser {
    func make(
        _ kind: JinjaExpression.Kind, at position: Int, over parts: [JinjaExpression]
    ) throws(JinjaFault) -> JinjaExpression {
        let height = (parts.lazy.map(\.height).max() ?? 0) + 1
        guard height <= Self.greatestDepth else {
            throw JinjaFault(.tooCostly, "more than \(Self.greatestDepth) levels of nesting", at: position)
        }
        return JinjaExpression(kind: kind, position: position, height: height)
    }

    /// An expression, or several with commas between them.
    mutating func tuple(
        allowsConditional: Bool = true, until end: ExactString? = nil, isInBrackets: Bool = false
    ) throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        var items: [JinjaExpression] = []
        var isTuple = false
        while !isTupleEnd(end) {
            items.append(try allowsConditional ? expression() : nested { p throws(JinjaFault) in try p.or() })
            guard skip(symbol: ",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let item = items.first { return item }
            guard isInBrackets else { throw unexpected(expected: "an expression") }
        }
        return try make(.tuple(items), at: position, over: items)
    }

    mutating func expression() throws(JinjaFault) -> JinjaExpression {
        try nested { parser throws(JinjaFault) in try parser.conditional() }
    }

    private mutating func conditional() throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        var value = try or()
        while skip(name: "if") {
            let test = try or()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = try make(
                .conditional(value, test: test, otherwise: otherwise), at: position,
                over: [value, test] + (otherwise.map { [$0] } ?? []))
        }
        return value
    }

    private mutating func or() throws(JinjaFault) -> JinjaExpression {
        let first = try and()
        var operands = [first]
        while skip(name: "or") { operands.append(try and()) }
        return operands.count == 1 ? first : try make(.or(operands), at: first.position, over: operands)
    }

    private mutating func and() throws(JinjaFault) -> JinjaExpression {
        let first = try negation()
        var operands = [first]
        while skip(name: "and") { operands.append(try negation()) }
        return operands.count == 1 ? first : try make(.and(operands), at: first.position, over: operands)
    }

    private mutating func negation() throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        guard skip(name: "not") else { return try comparison() }
        let operand = try nested { parser throws(JinjaFault) in try parser.negation() }
        return try make(.not(operand), at: position, over: [operand])
    }

    private mutating func comparison() throws(JinjaFault) -> JinjaExpression {
        let first = try sum()
        var operands: [(JinjaExpression.Comparison, JinjaExpression)] = []
        while let comparison = comparisonOperator() { operands.append((comparison, try sum())) }
        guard !operands.isEmpty else { return first }
        return try make(
            .comparison(first, operands), at: first.position, over: [first] + operands.map(\.1))
    }

    private mutating func comparisonOperator() -> JinjaExpression.Comparison? {
        let comparison: JinjaExpression.Comparison? =
            switch current.kind {
            case .symbol("=="): .equal
            case .symbol("!="): .unequal
            case .symbol("<"): .less
            case .symbol("<="): .lessOrEqual
            case .symbol(">"): .greater
            case .symbol(">="): .greaterOrEqual
            case .name("in"): .within
            case .name("not") where following.kind == .name("in"): .without
            default: nil
            }
        if comparison == .without { advance() }
        if comparison != nil { advance() }
        return comparison
    }

    private mutating func sum() throws(JinjaFault) -> JinjaExpression {
        try chain(["+": .add, "-": .subtract]) { p throws(JinjaFault) in try p.concatenation() }
    }

    private mutating func concatenation() throws(JinjaFault) -> JinjaExpression {
        let first = try product()
        var operands = [first]
        while skip(symbol: "~") { operands.append(try product()) }
        return operands.count == 1
            ? first : try make(.concatenation(operands), at: first.position, over: operands)
    }

    private mutating func product() throws(JinjaFault) -> JinjaExpression {
        try chain(["*": .multiply, "/": .divide, "//": .floorDivide, "%": .modulo]) { p throws(JinjaFault) in
            try p.power()
        }
    }

    private mutating func power() throws(JinjaFault) -> JinjaExpression {
        try chain(["**": .power]) { p throws(JinjaFault) in try p.unary() }
    }

    /// Operands with operators of one precedence between them. They are one node, however many they are.
    private mutating func chain(
        _ operators: [ExactString: JinjaExpression.Arithmetic],
        operand: (inout JinjaParser) throws(JinjaFault) -> JinjaExpression
    ) throws(JinjaFault) -> JinjaExpression {
        let first = try operand(&self)
        var rest: [(JinjaExpression.Arithmetic, JinjaExpression)] = []
        while case .symbol(let symbol) = current.kind, let operation = operators[symbol] {
            advance()
            rest.append((operation, try operand(&self)))
        }
        guard !rest.isEmpty else { return first }
        return try make(.arithmetic(first, rest), at: first.position, over: [first] + rest.map(\.1))
    }

    private mutating func unary(withFilters: Bool = true) throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        var value: JinjaExpression
        if current.kind == .symbol("-") || current.kind == .symbol("+") {
            let isNegative = current.kind == .symbol("-")
            advance()
            let operand = try nested { p throws(JinjaFault) in try p.unary(withFilters: false) }
            value = try make(.sign(operand, isNegative: isNegative), at: position, over: [operand])
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return withFilters ? try filtersAndTests(of: value) : value
    }

    mutating func primary() throws(JinjaFault) -> JinjaExpression {
        let token = current
        func constant(_ value: JinjaValue) throws(JinjaFault) -> JinjaExpression {
            try make(.constant(value), at: token.position, over: [])
        }
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try constant(.bool(true))
            case "false", "False": return try constant(.bool(false))
            case "none", "None": return try constant(.null)
            default: return try make(.name(symbol(name)), at: token.position, over: [])
            }
        case .string(var units):
            advance()
            while case .string(let more) = current.kind {
                units += more
                advance()
            }
            return try constant(.string(JinjaText(units: units)))
        case .integer(let value):
            advance()
            return try constant(JinjaValue(value))
        case .float(let value):
            advance()
            return try constant(.float(value))
        case .symbol("("):
            advance()
            let inner = try nested { p throws(JinjaFault) in try p.tuple(isInBrackets: true) }
            try expect(.symbol(")"))
            return inner
        case .symbol("["): return try list()
        case .symbol("{"): return try dictionary()
        default: throw unexpected(expected: "an expression")
        }
    }

    private mutating func list() throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        advance()
        var items: [JinjaExpression] = []
        while current.kind != .symbol("]") {
            if !items.isEmpty { try expect(.symbol(",")) }
            if current.kind == .symbol("]") { break }
            items.append(try expression())
        }
        advance()
        return try make(.list(items), at: position, over: items)
    }

    private mutating func dictionary() throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        advance()
        var (keys, values): ([JinjaExpression], [JinjaExpression]) = ([], [])
        while current.kind != .symbol("}") {
            if !keys.isEmpty { try expect(.symbol(",")) }
            if current.kind == .symbol("}") { break }
            keys.append(try expression())
            try expect(.symbol(":"))
            values.append(try expression())
        }
        advance()
        return try make(.dictionary(keys: keys, values: values), at: position, over: keys + values)
    }
}
