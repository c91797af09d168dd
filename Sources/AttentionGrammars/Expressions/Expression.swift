/// A set of texts, in terms of other expressions of an ``ExpressionTable``.
enum Expression: Hashable, Sendable {
    /// Exactly these bytes; the empty text for none.
    case literal([UInt8])
    /// One of these scalars in UTF-8; nothing at all for an empty set.
    case scalars(ScalarRanges)
    /// The texts of a rule.
    case rule(Int)
    case sequence([Int])
    case choice([Int])
    /// The expression again and again; without end for no maximum.
    case repeated(Int, min: Int, max: Int?)
    /// Items in this order with separators between those that are there. Of `n` items, each of which may be
    /// absent, it takes room for `n`, where writing out the choices would take 2ⁿ.
    case list([ListItem], separator: Int)
    /// The texts along the ways through a graph; its number in the table.
    case graph(Int)
}

/// Expressions as the edges between states; number 0 is where texts begin.
struct ExpressionGraph: Sendable {
    struct Edge: Sendable {
        var expression: Int
        var target: Int
    }

    struct State: Sendable {
        var edges: [Edge] = []
        var isAccepting = false
    }

    var states: [State]

    /// Whether an accepting state is reached over edges that count.
    func leadsToEnd(over counts: (Int) -> Bool) -> Bool {
        var isReached = [Bool](repeating: false, count: states.count)
        isReached[0] = true
        var work = [0]
        while let number = work.popLast() {
            if states[number].isAccepting { return true }
            for edge in states[number].edges where !isReached[edge.target] && counts(edge.expression) {
                isReached[edge.target] = true
                work.append(edge.target)
            }
        }
        return false
    }
}

struct ListItem: Hashable, Sendable {
    var expression: Int
    var isRequired: Bool
}

/// Expressions by number, and the rules that name some of them.
///
/// Expressions are numbers in a table and not values that hold each other, so that no depth of a grammar is a
/// depth of recursion anywhere. An expression's parts have smaller numbers than itself. Equal ones are one.
struct ExpressionTable: Sendable {
    struct Rule: Sendable {
        /// The name in errors; empty for a rule without one.
        var name: String
        /// nil until it is defined.
        var body: Int?
        /// The place of its definition, or of its first use.
        var line = 0
        var column = 0
    }

    private(set) var expressions: [Expression] = []
    private(set) var graphs: [ExpressionGraph] = []
    private var numbers: [Expression: Int] = [:]
    var rules: [Rule] = []

    /// The number of an expression.
    ///
    /// - Throws: ``GrammarError`` of the problem `tooLarge`.
    mutating func add(_ expression: Expression) throws(GrammarError) -> Int {
        if let known = numbers[expression] { return known }
        guard expressions.count < GrammarLimits.expressions else {
            throw .tooLarge("expressions", limit: GrammarLimits.expressions)
        }
        expressions.append(expression)
        numbers[expression] = expressions.count - 1
        return expressions.count - 1
    }

    /// The number of a graph's expression. Its edges have smaller numbers.
    mutating func add(_ graph: ExpressionGraph) throws(GrammarError) -> Int {
        graphs.append(graph)
        return try add(.graph(graphs.count - 1))
    }

    mutating func addRule(_ name: String = "", body: Int? = nil) throws(GrammarError) -> Int {
        guard rules.count < GrammarLimits.rules else {
            throw .tooLarge("rules", limit: GrammarLimits.rules)
        }
        rules.append(Rule(name: name, body: body))
        return rules.count - 1
    }

    subscript(number: Int) -> Expression { expressions[number] }
}

// MARK: Shorthands

extension ExpressionTable {
    mutating func text(_ text: String) throws(GrammarError) -> Int { try add(.literal(Array(text.utf8))) }

    mutating func empty() throws(GrammarError) -> Int { try add(.literal([])) }

    mutating func never() throws(GrammarError) -> Int { try add(.scalars(ScalarRanges([]))) }

    mutating func scalars(_ ranges: ClosedRange<Unicode.Scalar>...) throws(GrammarError) -> Int {
        try add(.scalars(ScalarRanges(ranges.map { $0.lowerBound.value...$0.upperBound.value })))
    }

    mutating func sequence(_ parts: Int...) throws(GrammarError) -> Int { try sequence(parts) }

    mutating func sequence(_ parts: [Int]) throws(GrammarError) -> Int {
        parts.count == 1 ? parts[0] : try add(parts.isEmpty ? .literal([]) : .sequence(parts))
    }

    mutating func choice(_ parts: Int...) throws(GrammarError) -> Int { try choice(parts) }

    mutating func choice(_ parts: [Int]) throws(GrammarError) -> Int {
        parts.count == 1 ? parts[0] : parts.isEmpty ? try never() : try add(.choice(parts))
    }

    mutating func repeated(_ part: Int, _ min: Int, _ max: Int?) throws(GrammarError) -> Int {
        min == 1 && max == 1 ? part : try add(.repeated(part, min: min, max: max))
    }

    mutating func optional(_ part: Int) throws(GrammarError) -> Int { try repeated(part, 0, 1) }
}
