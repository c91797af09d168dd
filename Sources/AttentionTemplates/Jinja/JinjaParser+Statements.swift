import AttentionJSON

/// Statements, which stand between `{%` and `%}`.
extension JinjaParser {
    /// Reads up to one of the tags `ends`, which becomes the current token; to the end of the template if
    /// there are none.
    mutating func statements(
        until ends: Set<ExactString>, of tag: JinjaToken?
    ) throws(JinjaFault) -> [JinjaStatement] {
        var body: [JinjaStatement] = []
        while true {
            let token = current
            switch token.kind {
            case .data(let units):
                advance()
                body.append(JinjaStatement(kind: .text(units), position: token.position))
            case .variableBegin:
                advance()
                let expression = try tuple()
                try expect(.variableEnd)
                body.append(JinjaStatement(kind: .output(expression), position: token.position))
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, ends.contains(name) { return body }
                if let statement = try nested({ parser throws(JinjaFault) in try parser.statement() }) {
                    body.append(statement)
                }
                try expect(.blockEnd)
            default:
                guard let tag else { return body }
                throw JinjaFault(
                    .syntax,
                    "\(Self.describe(tag.kind)) has no \(ends.sorted().map(\.string).joined(separator: " or "))",
                    at: tag.position)
            }
        }
    }

    /// The block of a tag, up to one of the tags `ends`; the current token is then the name of the one found.
    private mutating func block(
        of tag: JinjaToken, until ends: Set<ExactString>
    ) throws(JinjaFault) -> [JinjaStatement] {
        _ = skip(symbol: ":")
        try expect(.blockEnd)
        return try statements(until: ends, of: tag)
    }

    /// The block of a tag with one possible end, which is skipped.
    private mutating func block(of tag: JinjaToken, end: ExactString) throws(JinjaFault) -> [JinjaStatement] {
        let body = try block(of: tag, until: [end])
        advance()
        return body
    }

    private mutating func statement() throws(JinjaFault) -> JinjaStatement? {
        let tag = current
        let name = try expectName()
        let kind: JinjaStatement.Kind =
            switch name {
            case "if": try condition(tag)
            case "for": try loop(tag)
            case "set": try assignment(tag)
            case "macro": try macro(tag)
            case "call": try call(tag)
            case "filter":
                .filter(try filters(of: blockText(), isInline: true), try block(of: tag, end: "endfilter"))
            case "with": try with(tag)
            case "print": .output(try tuple())
            case "generation": .scope(try block(of: tag, end: "endgeneration"))
            case "break" where loops > 0: .break
            case "continue" where loops > 0: .continue
            case "break", "continue":
                throw JinjaFault(.syntax, "'\(name)' stands outside of a loop", at: tag.position)
            case "block", "extends", "include", "import", "from", "autoescape", "trans", "do":
                throw JinjaFault(.unsupported, "the tag '\(name)'", at: tag.position)
            default: throw JinjaFault(.syntax, "unknown tag '\(name.string.prefix(40))'", at: tag.position)
            }
        return JinjaStatement(kind: kind, position: tag.position)
    }

    private mutating func condition(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
        while true {
            let test = try tuple(allowsConditional: false)
            branches.append((test, try block(of: tag, until: ["elif", "else", "endif"])))
            if skip(name: "elif") { continue }
            var otherwise: [JinjaStatement] = []
            if skip(name: "else") {
                otherwise = try block(of: tag, until: ["endif"])
            }
            advance()
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func loop(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        let target = try target(until: "in")
        guard skip(name: "in") else { throw unexpected(expected: "'in'") }
        let items = try tuple(allowsConditional: false, until: "recursive")
        let test = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        loops += 1
        let body = try block(of: tag, until: ["endfor", "else"])
        loops -= 1
        var otherwise: [JinjaStatement] = []
        if skip(name: "else") { otherwise = try block(of: tag, until: ["endfor"]) }
        advance()
        return .loop(
            .init(
                target: target, items: items, test: test, isRecursive: isRecursive, body: body,
                otherwise: otherwise))
    }

    private mutating func assignment(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        let target = try target(allowsAttribute: true)
        if skip(symbol: "=") { return .set(target, try tuple()) }
        let hasFilters = current.kind == .symbol("|")
        let filters = hasFilters ? try filters(of: blockText(), isInline: false) : nil
        return .setBlock(target, filters: filters, try block(of: tag, end: "endset"))
    }

    private mutating func with(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        var values: [(JinjaTarget, JinjaExpression)] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.symbol(",")) }
            let target = try target()
            try expect(.symbol("="))
            values.append((target, try expression()))
        }
        return .with(values, try block(of: tag, end: "endwith"))
    }

    private mutating func macro(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        let name = try expectName()
        return .macro(
            name: symbol(name), try macroBody(tag, name: name, end: "endmacro", hasParameters: true))
    }

    private mutating func call(_ tag: JinjaToken) throws(JinjaFault) -> JinjaStatement.Kind {
        let (parameters, defaults) = current.kind == .symbol("(") ? try self.parameters() : ([], [])
        let call = try expression()
        guard case .call = call.kind else {
            throw JinjaFault(.syntax, "expected a call", at: tag.position)
        }
        var caller = try macroBody(tag, name: "caller", end: "endcall", hasParameters: false)
        (caller.parameters, caller.defaults) = (parameters, defaults)
        return .call(call, caller)
    }

    private mutating func macroBody(
        _ tag: JinjaToken, name: ExactString, end: ExactString, hasParameters: Bool
    ) throws(JinjaFault) -> JinjaMacro {
        let outer = (implicitNames, loops)
        loops = 0
        let (parameters, defaults) = hasParameters ? try self.parameters() : ([], [])
        implicitNames = []
        let body = try block(of: tag, end: end)
        let implicit = implicitNames
        (implicitNames, loops) = (outer.0, outer.1)
        return JinjaMacro(
            name: name, parameters: parameters, defaults: defaults, body: body, implicit: implicit)
    }

    private mutating func parameters() throws(JinjaFault) -> (
        [(symbol: Int, name: ExactString)], [JinjaExpression]
    ) {
        try expect(.symbol("("))
        var parameters: [(symbol: Int, name: ExactString)] = []
        var defaults: [JinjaExpression] = []
        while current.kind != .symbol(")") {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let name = try expectName()
            parameters.append((symbol(name), name))
            if skip(symbol: "=") {
                defaults.append(try expression())
            } else if !defaults.isEmpty {
                throw unexpected(expected: "a default, as the parameter before has one")
            }
        }
        advance()
        return (parameters, defaults)
    }

    // MARK: Targets

    /// The targets of an assignment: names with commas between them.
    private mutating func target(
        allowsAttribute: Bool = false, until end: ExactString? = nil
    ) throws(JinjaFault) -> JinjaTarget {
        var targets: [JinjaTarget] = []
        while true {
            if isTupleEnd(end) { break }
            targets.append(try singleTarget(allowsAttribute: allowsAttribute))
            guard skip(symbol: ",") else {
                if targets.count == 1 { return targets[0] }
                break
            }
        }
        guard !targets.isEmpty else { throw unexpected(expected: "a name to assign to") }
        return .tuple(targets)
    }

    private mutating func singleTarget(allowsAttribute: Bool) throws(JinjaFault) -> JinjaTarget {
        if skip(symbol: "(") {
            let inner = try nested { parser throws(JinjaFault) in try parser.target() }
            try expect(.symbol(")"))
            return inner
        }
        let position = current.position
        let name = try expectName()
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw JinjaFault(.syntax, "'\(name)' cannot be assigned to", at: position)
        }
        if allowsAttribute, skip(symbol: ".") { return .attribute(of: symbol(name), try expectName()) }
        return .name(symbol(name))
    }

    /// Whether a list of expressions without brackets ends here.
    func isTupleEnd(_ end: ExactString?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): name == end
        default: false
        }
    }

    private func blockText() -> JinjaExpression {
        JinjaExpression(kind: .blockText, position: current.position, height: 1)
    }
}
