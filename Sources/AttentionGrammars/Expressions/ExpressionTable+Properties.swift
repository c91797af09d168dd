extension ExpressionTable {
    /// Properties of each expression.
    struct Properties {
        /// Whether the empty text is one that matches.
        var isNullable: [Bool]
        /// Whether any text at all matches.
        var isProductive: [Bool]
    }

    /// Works the properties out in time linear in the size of the table.
    func properties() -> Properties {
        let nullable = settle { expression in
            switch expression {
            case .literal(let bytes): bytes.isEmpty
            case .scalars: false
            default: nil
            }
        }
        let productive = settle { expression in
            switch expression {
            case .literal: true
            case .scalars(let scalars): !scalars.isEmpty
            default: nil
            }
        }
        return Properties(isNullable: nullable, isProductive: productive)
    }

    /// The least solution: an expression holds once as many of its parts hold as it needs.
    ///
    /// - Parameter leaf: what holds by itself; nil for expressions with parts.
    private func settle(_ leaf: (Expression) -> Bool?) -> [Bool] {
        var holds = [Bool](repeating: false, count: expressions.count)
        var needed = [Int](repeating: .max, count: expressions.count)
        var users = [[Int32]](repeating: [], count: expressions.count)
        var settled: [Int] = []
        for (number, expression) in expressions.enumerated() {
            if let isTrue = leaf(expression) {
                if isTrue { settled.append(number) }
                continue
            }
            if case .graph(let graph) = expression {
                for part in parts(of: graphs[graph]) { users[part].append(Int32(number)) }
                if graphs[graph].states[0].isAccepting { settled.append(number) }
                continue
            }
            let (parts, count) = requirement(expression)
            needed[number] = count
            if count == 0 { settled.append(number) }
            for part in parts { users[part].append(Int32(number)) }
        }
        for number in settled { holds[number] = true }
        while let number = settled.popLast() {
            for user in users[number].map(Int.init) where !holds[user] {
                if case .graph(let graph) = expressions[user] {
                    if graphs[graph].leadsToEnd(over: { holds[$0] }) { needed[user] = 1 }
                }
                needed[user] -= 1
                if needed[user] == 0 {
                    holds[user] = true
                    settled.append(user)
                }
            }
        }
        return holds
    }

    private func parts(of graph: ExpressionGraph) -> Set<Int> {
        Set(graph.states.flatMap { $0.edges.map(\.expression) })
    }

    private func requirement(_ expression: Expression) -> (parts: [Int], count: Int) {
        switch expression {
        case .literal, .scalars, .graph: return ([], 1)
        case .rule(let rule): return (rules[rule].body.map { [$0] } ?? [], 1)
        case .sequence(let parts): return (parts, parts.count)
        case .choice(let parts): return (parts, 1)
        case .repeated(let part, let min, let max): return min == 0 || max == 0 ? ([], 0) : ([part], 1)
        case .list(let items, _):
            let required = items.filter(\.isRequired).map(\.expression)
            return (required, required.count)
        }
    }
}
