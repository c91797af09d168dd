import AttentionJSON

/// The parts behind a value: attributes, subscripts, calls, filters and tests.
extension JinjaParser {
    mutating func postfix(_ value: JinjaExpression) throws(JinjaFault) -> JinjaExpression {
        var value = value
        while true {
            switch current.kind {
            case .symbol("."), .symbol("["): value = try subscripted(value)
            case .symbol("("): value = try called(value)
            default: return value
            }
        }
    }

    mutating func filtersAndTests(of value: JinjaExpression) throws(JinjaFault) -> JinjaExpression {
        var value = value
        while true {
            switch current.kind {
            case .symbol("|"): value = try filters(of: value, isInline: false)
            case .name("is"): value = try tested(value)
            case .symbol("("): value = try called(value)
            default: return value
            }
        }
    }

    private mutating func called(_ value: JinjaExpression) throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        let arguments = try arguments()
        return try make(.call(value, arguments), at: position, over: [value] + arguments.all)
    }

    private mutating func subscripted(_ value: JinjaExpression) throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        if skip(symbol: ".") {
            if case .integer(let number) = current.kind {
                let index = try make(.constant(JinjaValue(number)), at: position, over: [])
                advance()
                return try make(.item(value, index), at: position, over: [value, index])
            }
            return try make(.attribute(value, try expectName()), at: position, over: [value])
        }
        advance()
        var start: JinjaExpression?
        if current.kind != .symbol(":") {
            let index = try expression()
            if skip(symbol: "]") { return try make(.item(value, index), at: position, over: [value, index]) }
            if current.kind == .symbol(",") {
                throw JinjaFault(.unsupported, "several subscripts", at: position)
            }
            start = index
        }
        var bounds = JinjaExpression.Bounds(start: start)
        try expect(.symbol(":"))
        if current.kind != .symbol(":"), current.kind != .symbol("]") { bounds.stop = try expression() }
        if skip(symbol: ":"), current.kind != .symbol("]") { bounds.step = try expression() }
        try expect(.symbol("]"))
        let parts = [value] + [bounds.start, bounds.stop, bounds.step].compactMap { $0 }
        return try make(.slice(value, bounds), at: position, over: parts)
    }

    private mutating func arguments() throws(JinjaFault) -> JinjaExpression.Arguments {
        try expect(.symbol("("))
        var arguments = JinjaExpression.Arguments()
        var isFirst = true
        while current.kind != .symbol(")") {
            if !isFirst { try expect(.symbol(",")) }
            isFirst = false
            if current.kind == .symbol(")") { break }
            if arguments.keywordSpread != nil { throw unexpected(expected: "')' after **") }
            if skip(symbol: "*") {
                guard arguments.spread == nil else { throw unexpected(expected: "one * at most") }
                arguments.spread = try expression()
            } else if skip(symbol: "**") {
                arguments.keywordSpread = try expression()
            } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
                advance()
                advance()
                arguments.keywords.append((name, try expression()))
            } else {
                guard arguments.keywords.isEmpty, arguments.spread == nil else {
                    throw unexpected(expected: "an argument with its name")
                }
                arguments.positional.append(try expression())
            }
        }
        advance()
        return arguments
    }

    /// `value|filter(…)|…`
    ///
    /// - Parameter isInline: whether the first filter stands without a bar before it.
    mutating func filters(of value: JinjaExpression, isInline: Bool) throws(JinjaFault) -> JinjaExpression {
        var value = value
        var isInline = isInline
        while isInline || skip(symbol: "|") {
            isInline = false
            let position = current.position
            let name = try dottedName()
            let arguments = current.kind == .symbol("(") ? try arguments() : .init()
            value = try make(.filter(value, name, arguments), at: position, over: [value] + arguments.all)
        }
        return value
    }

    private mutating func tested(_ value: JinjaExpression) throws(JinjaFault) -> JinjaExpression {
        let position = current.position
        advance()
        let isNegated = skip(name: "not")
        let name = try dottedName()
        var arguments = JinjaExpression.Arguments()
        switch current.kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw unexpected(expected: "one test")
        case .name, .string, .integer, .float, .symbol("["), .symbol("{"):
            let operand = try nested { p throws(JinjaFault) in try p.postfix(p.primary()) }
            arguments.positional = [operand]
        default: break
        }
        let test = try make(.test(value, name, arguments), at: position, over: [value] + arguments.all)
        return isNegated ? try make(.not(test), at: position, over: [test]) : test
    }

    private mutating func dottedName() throws(JinjaFault) -> ExactString {
        var name = try expectName()
        while skip(symbol: ".") { name = ExactString("\(name).\(try expectName())") }
        return name
    }
}
