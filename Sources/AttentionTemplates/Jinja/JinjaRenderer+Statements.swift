import AttentionJSON

/// Statements.
extension JinjaRenderer {
    func execute(_ body: [JinjaStatement]) throws(JinjaFault) -> Flow {
        try enter()
        for statement in body {
            let flow = try execute(statement)
            if flow != .next {
                leave()
                return flow
            }
        }
        leave()
        return .next
    }

    private func execute(_ statement: JinjaStatement) throws(JinjaFault) -> Flow {
        position = statement.position
        try charge()
        switch statement.kind {
        case .text(let units): try write(units)
        case .output(let expression): try writeValue(expression)
        case .set(let target, let expression): try assign(evaluate(expression), to: target)
        case .condition(let branches, let otherwise):
            for (test, body) in branches where try evaluate(test).isTrue { return try execute(body) }
            return try execute(otherwise)
        case .loop(let loop):
            try run(loop, over: loopItems(loop, in: evaluate(loop.items)), depth: 0)
        case .break: return .break
        case .continue: return .continue
        case .macro(let symbol, let definition): set(symbol, makeMacro(definition))
        default: return try executeBlock(statement)
        }
        return .next
    }

    private func writeValue(_ expression: JinjaExpression) throws(JinjaFault) {
        try write(text(of: evaluate(expression)).units)
    }

    /// Statements with a scope of their own.
    private func executeBlock(_ statement: JinjaStatement) throws(JinjaFault) -> Flow {
        switch statement.kind {
        case .setBlock(let target, let filters, let body):
            let text = try scopedText(of: body)
            try assign(
                filters.map { f throws(JinjaFault) in try apply(f, to: text) } ?? .string(text), to: target)
        case .filter(let filters, let body):
            try write(self.text(of: apply(filters, to: scopedText(of: body))).units)
        case .call(let expression, let caller):
            guard case .call(let callee, let arguments) = expression.kind else { return .next }
            let function = try evaluate(callee)
            var values = try evaluate(arguments)
            values.keywords.append(("caller", makeMacro(caller)))
            try write(self.text(of: call(function, values)).units)
        case .with(let values, let body):
            var assignments: [(JinjaTarget, JinjaValue)] = []
            for (target, expression) in values { assignments.append((target, try evaluate(expression))) }
            let before = pushFrame(parent: frame)
            for (target, value) in assignments { try assign(value, to: target) }
            let flow = try execute(body)
            popFrame(to: before)
            return flow
        case .scope(let body): try write(scopedText(of: body).units)
        default: break
        }
        return .next
    }

    private func scopedText(of body: [JinjaStatement]) throws(JinjaFault) -> JinjaText {
        let before = pushFrame(parent: frame)
        let text = try captured { () throws(JinjaFault) in _ = try execute(body) }
        popFrame(to: before)
        return text
    }

    private func apply(_ filters: JinjaExpression, to text: JinjaText) throws(JinjaFault) -> JinjaValue {
        blockTexts.append(text)
        let value = try evaluate(filters)
        blockTexts.removeLast()
        return value
    }

    // MARK: Loops

    /// The items that a loop goes through.
    func loopItems(_ loop: JinjaStatement.Loop, in value: JinjaValue) throws(JinjaFault) -> [JinjaValue] {
        let items = try self.items(of: value)
        guard let test = loop.test else { return items }
        var chosen: [JinjaValue] = []
        for item in items {
            let before = pushFrame(parent: frame)
            try assign(item, to: loop.target)
            if try evaluate(test).isTrue { chosen.append(item) }
            popFrame(to: before)
        }
        return chosen
    }

    func run(_ loop: JinjaStatement.Loop, over items: [JinjaValue], depth: Int) throws(JinjaFault) {
        try charge(4)
        if items.isEmpty {
            let before = pushFrame(parent: frame)
            _ = try execute(loop.otherwise)
            return popFrame(to: before)
        }
        loopsBegun += 1
        let id = loopsBegun
        loops.append(LoopState(id: id, items: items, depth: depth, statement: loop, frame: frame))
        let place = loops.count - 1
        for (index, item) in items.enumerated() {
            loops[place].index = index
            let before = pushFrame(parent: frame)
            if let loopSymbol { set(loopSymbol, .loop(id)) }
            try assign(item, to: loop.target)
            let flow = try execute(loop.body)
            popFrame(to: before)
            if flow == .break { break }
        }
        loops.removeLast()
    }
}
