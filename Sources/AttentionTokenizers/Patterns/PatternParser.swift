/// Reads a regular expression.
struct PatternParser {
    private static let greatestDepth = 64
    private static let greatestCount = 1000

    private let scalars: [Unicode.Scalar]
    var position = 0
    private var depth = 0
    /// `(?i)`
    var ignoresCase = false
    /// `(?m)`, which lets `.` match newlines.
    private var dotMatchesNewlines = false

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try parseAlternatives()
        guard peek() == nil else { throw error("a ')' that nothing opens") }
        return node
    }

    // MARK: Scalars

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func next(_ expected: String) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = peek() else { throw error("it ends where \(expected) should be") }
        position += 1
        return scalar
    }

    mutating func accept(_ text: StaticString) -> Bool {
        let wanted = "\(text)".unicodeScalars
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    func error(_ reason: String) -> PatternError { PatternError(offset: position, reason: reason) }

    /// Runs a part that may hold others, to a bounded depth.
    mutating func nested<Result>(
        _ body: (inout PatternParser) throws(PatternError) -> Result
    ) throws(PatternError) -> Result {
        guard depth < Self.greatestDepth else { throw error("groups are nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: Structure

    private mutating func parseAlternatives() throws(PatternError) -> PatternNode {
        try nested { parser throws(PatternError) in
            // Options that a group sets hold to its end.
            let options = (parser.ignoresCase, parser.dotMatchesNewlines)
            defer { (parser.ignoresCase, parser.dotMatchesNewlines) = options }
            var alternatives = [try parser.parseSequence()]
            while parser.accept("|") { alternatives.append(try parser.parseSequence()) }
            return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
        }
    }

    private mutating func parseSequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = peek(), scalar != "|", scalar != ")" {
            guard var node = try parseItem() else { continue }
            while let repeated = try parseRepetition(of: node) { node = repeated }
            nodes.append(node)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    /// One item; nil for options that apply to what follows.
    private mutating func parseItem() throws(PatternError) -> PatternNode? {
        let scalar = try next("an item")
        switch scalar {
        case "(": return try parseGroup()
        case "[": return .set(try parseClass())
        case ".": return .set(dotMatchesNewlines ? .all : ScalarSet("\n").inverted)
        case "^": return .anchor(.lineStart)
        case "$": return .anchor(.lineEnd)
        case "*", "+", "?":
            position -= 1
            throw error("nothing stands before '\(scalar)'")
        case "\\":
            if let anchor = parseAnchor() { return .anchor(anchor) }
            return .set(try parseEscape())
        default: return .set(literal(scalar))
        }
    }

    func literal(_ scalar: Unicode.Scalar) -> ScalarSet {
        ignoresCase ? ScalarSet(scalar).ignoringCase : ScalarSet(scalar)
    }

    private mutating func parseAnchor() -> PatternNode.Anchor? {
        let anchors: [Unicode.Scalar: PatternNode.Anchor] = [
            "A": .textStart, "z": .textEnd, "Z": .textEndOrLastNewline, "b": .wordBoundary,
            "B": .noWordBoundary,
        ]
        guard let scalar = peek(), let anchor = anchors[scalar] else { return nil }
        position += 1
        return anchor
    }

    // MARK: Groups

    private mutating func parseGroup() throws(PatternError) -> PatternNode? {
        guard accept("?") else { return try closed(parseAlternatives()) }
        if accept(":") { return try closed(parseAlternatives()) }
        if accept("=") { return .look(try closed(parseAlternatives()), ahead: true, negated: false) }
        if accept("!") { return .look(try closed(parseAlternatives()), ahead: true, negated: true) }
        if accept("<=") { return .look(try closed(parseAlternatives()), ahead: false, negated: false) }
        if accept("<!") { return .look(try closed(parseAlternatives()), ahead: false, negated: true) }
        if accept(">") { return .atomic(try closed(parseAlternatives())) }
        if accept("#") {
            while try next("the end of a comment") != ")" {}
            return nil
        }
        if accept("<") || accept("P<") {
            while try next("the end of a group's name") != ">" {}
            return try closed(parseAlternatives())
        }
        return try parseOptions()
    }

    private mutating func closed(_ node: PatternNode) throws(PatternError) -> PatternNode {
        guard accept(")") else { throw error("a ')' is missing") }
        return node
    }

    /// `(?i)` and the like, which hold to the end of the group around them, or `(?i:…)`.
    private mutating func parseOptions() throws(PatternError) -> PatternNode? {
        let before = (ignoresCase, dotMatchesNewlines)
        var value = true
        while true {
            let scalar = try next("an option")
            switch scalar {
            case "-": value = false
            case "i": ignoresCase = value
            case "m": dotMatchesNewlines = value
            case ")": return nil
            case ":":
                let node = try closed(parseAlternatives())
                (ignoresCase, dotMatchesNewlines) = before
                return node
            default:
                position -= 1
                throw error("groups that begin with '(?\(scalar)' are not supported")
            }
        }
    }

    // MARK: Repetitions

    private mutating func parseRepetition(of node: PatternNode) throws(PatternError) -> PatternNode? {
        let counts: (min: Int, max: Int?)
        var isInterval = false
        if accept("*") {
            counts = (0, nil)
        } else if accept("+") {
            counts = (1, nil)
        } else if accept("?") {
            counts = (0, 1)
        } else if let interval = try parseInterval() {
            counts = interval
            isInterval = true
        } else {
            return nil
        }
        // Behind an interval a `+` repeats it, and a `?` behind `{n}` makes it optional, as in Ruby.
        var greed = PatternNode.Greed.greedy
        if peek() == "?", !(isInterval && counts.min == counts.max) {
            position += 1
            greed = .lazy
        } else if !isInterval, accept("+") {
            greed = .possessive
        }
        return .repeated(node, min: counts.min, max: counts.max, greed)
    }

    /// `{n}`, `{n,}`, `{n,m}` or `{,m}`; nil where a brace is just a brace.
    private mutating func parseInterval() throws(PatternError) -> (min: Int, max: Int?)? {
        let start = position
        guard accept("{") else { return nil }
        let min = try parseCount()
        var max = min
        let hasComma = accept(",")
        if hasComma { max = try parseCount() }
        guard accept("}"), min != nil || max != nil else {
            position = start
            return nil
        }
        if let min, let max, max < min { throw error("an interval's end is less than its beginning") }
        return (min ?? 0, max)
    }

    private mutating func parseCount() throws(PatternError) -> Int? {
        var count: Int?
        while let scalar = peek(), ("0"..."9").contains(scalar) {
            count = (count ?? 0) * 10 + Int(scalar.value - 0x30)
            guard let count, count <= Self.greatestCount else {
                throw error("something is repeated more than \(Self.greatestCount) times")
            }
            position += 1
        }
        return count
    }
}
