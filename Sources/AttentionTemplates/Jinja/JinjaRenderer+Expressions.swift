/// Evaluation of expressions.
extension JinjaRenderer {
    func evaluate(_ expression: JinjaExpression) throws(JinjaFault) -> JinjaValue {
        position = expression.position
        try charge()
        switch expression.kind {
        case .constant(let value): return value
        case .name(let symbol): return value(of: symbol)
        case .blockText: return .string(blockTexts.last ?? JinjaText())
        default: break
        }
        try enter()
        let value = try evaluateNode(expression)
        leave()
        return value
    }

    private func evaluateNode(_ expression: JinjaExpression) throws(JinjaFault) -> JinjaValue {
        switch expression.kind {
        case .attribute(let base, let name): return try attribute(name, of: evaluate(base))
        case .item(let base, let index):
            let value = try evaluate(base)
            return try item(evaluate(index), of: value)
        case .slice(let base, let bounds): return try slice(base, bounds)
        case .call(let callee, let arguments): return try call(callee, arguments, at: expression.position)
        case .filter(let base, let name, let arguments):
            return try filter(base, name, arguments, at: expression.position)
        case .test(let base, let name, let arguments):
            return .bool(try test(base, name, arguments, at: expression.position))
        case .not(let operand): return .bool(try !evaluate(operand).isTrue)
        case .and(let operands): return try logical(operands, endsWith: false)
        case .or(let operands): return try logical(operands, endsWith: true)
        case .comparison(let first, let rest): return try comparison(first, rest)
        case .arithmetic(let first, let rest): return try arithmetic(first, rest)
        case .sign(let operand, let isNegative): return try sign(operand, isNegative: isNegative)
        case .concatenation(let operands): return try concatenation(operands)
        case .conditional(let value, let test, let otherwise):
            return try conditional(value, test, otherwise)
        case .list(let items): return try list(evaluateAll(items))
        case .tuple(let items): return .tuple(try JinjaSequence(evaluateAll(items)))
        case .dictionary(let keys, let values): return try dictionary(keys, values)
        case .constant, .name, .blockText: return .null
        }
    }

    private func evaluateAll(_ expressions: [JinjaExpression]) throws(JinjaFault) -> [JinjaValue] {
        try expressions.map { expression throws(JinjaFault) in try evaluate(expression) }
    }

    private func conditional(
        _ value: JinjaExpression, _ test: JinjaExpression, _ otherwise: JinjaExpression?
    ) throws(JinjaFault) -> JinjaValue {
        if try evaluate(test).isTrue { return try evaluate(value) }
        if let otherwise { return try evaluate(otherwise) }
        return .undefined(
            .other("the inline if-expression evaluated to false and no else section was defined."))
    }

    private func logical(_ operands: [JinjaExpression], endsWith end: Bool) throws(JinjaFault) -> JinjaValue {
        var value = JinjaValue.null
        for operand in operands {
            value = try evaluate(operand)
            if value.isTrue == end { break }
        }
        return value
    }

    private func concatenation(_ operands: [JinjaExpression]) throws(JinjaFault) -> JinjaValue {
        var units: [UInt32] = []
        for operand in operands {
            try extend(&units, by: text(of: evaluate(operand)).units)
        }
        return .string(JinjaText(units: units))
    }

    private func dictionary(
        _ keys: [JinjaExpression], _ values: [JinjaExpression]
    ) throws(JinjaFault) -> JinjaValue {
        var dictionary = JinjaDictionary()
        for (key, value) in zip(keys, values) {
            let key = try evaluate(key)
            try charge(units: key.text?.count ?? 0)
            try dictionary.set(key, evaluate(value))
        }
        return .dictionary(dictionary)
    }
}
