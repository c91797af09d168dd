import AttentionJSON

/// Reads a template. Statements and expressions are in extensions.
struct JinjaParser {
    /// Blocks, brackets and operands in each other at most.
    static let greatestDepth = 64

    private var tokens: [JinjaToken]
    private let stack = StackRoom()
    private var index = 0
    private var symbols: [ExactString] = []
    private var symbolNumbers: [ExactString: Int] = [:]
    var loops = 0
    var depth = 0
    /// The names that macros have implicitly, where they have been used since the macro began.
    var implicitNames: Set<ExactString> = []

    static func program(of source: [UInt32]) throws(JinjaFault) -> JinjaProgram {
        var parser = JinjaParser(tokens: try JinjaLexer.tokens(of: source))
        let body = try parser.statements(until: [], of: nil)
        return JinjaProgram(body: body, symbols: parser.symbols)
    }

    private init(tokens: [JinjaToken]) { self.tokens = tokens }

    // MARK: Tokens

    var current: JinjaToken { tokens[index] }
    var following: JinjaToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    mutating func skip(_ kind: JinjaToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func skip(symbol: ExactString) -> Bool { skip(.symbol(symbol)) }
    mutating func skip(name: ExactString) -> Bool { skip(.name(name)) }

    mutating func expect(_ kind: JinjaToken.Kind) throws(JinjaFault) {
        guard skip(kind) else { throw unexpected(expected: Self.describe(kind)) }
    }

    mutating func expectName() throws(JinjaFault) -> ExactString {
        guard case .name(let name) = current.kind else { throw unexpected(expected: "a name") }
        advance()
        return name
    }

    func unexpected(expected: String) -> JinjaFault {
        JinjaFault(
            .syntax, "expected \(expected), found \(Self.describe(current.kind))", at: current.position)
    }

    static func describe(_ kind: JinjaToken.Kind) -> String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name.string.prefix(40))'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }

    mutating func symbol(_ name: ExactString) -> Int {
        if JinjaMacro.implicitNames.contains(name) { implicitNames.insert(name) }
        if let number = symbolNumbers[name] { return number }
        symbols.append(name)
        symbolNumbers[name] = symbols.count - 1
        return symbols.count - 1
    }

    /// Runs `body` one level deeper.
    mutating func nested<Result>(
        _ body: (inout JinjaParser) throws(JinjaFault) -> Result
    ) throws(JinjaFault) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.greatestDepth else {
            throw JinjaFault(
                .tooCostly, "more than \(Self.greatestDepth) levels of nesting", at: current.position)
        }
        guard stack.isLeft else { throw JinjaFault(.tooCostly, StackRoom.message, at: current.position) }
        return try body(&self)
    }
}
