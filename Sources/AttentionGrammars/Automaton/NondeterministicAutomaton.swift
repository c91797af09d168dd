/// The rules as states and edges over bytes, one network for each rule that is called.
///
/// A rule that is used once, or is nothing but a few characters, is written out where it is used; any other
/// is called, so that nothing grows by more than a constant. So is the body of a repetition with bounds,
/// unless few copies of it are short: `{0,1000}` is a number beside the call (``Frame``) and not a thousand
/// states.
struct NondeterministicAutomaton {
    enum Label {
        case empty
        case bytes(ClosedRange<UInt8>)
        case call(frame: Int32)
    }

    struct Edge {
        var label: Label
        var target: Int32
        /// The next edge of the same state, -1 for none.
        var next: Int32
    }

    /// A rule and how many times in a row it may be called.
    struct Frame: Hashable {
        var rule: Int
        var min: Int32
        var max: Int32
    }

    private(set) var edges: [Edge] = []
    /// The first edge of every state, -1 for none.
    private(set) var firstEdge: [Int32] = []
    private(set) var frames: [Frame] = []
    /// Where the networks of the called rules begin and end.
    private(set) var networks: [Int: (entry: Int32, exit: Int32)] = [:]

    private(set) var table: ExpressionTable
    private let properties: ExpressionTable.Properties
    private var frameNumbers: [Frame: Int32] = [:]
    private var bodies: [Int: Int] = [:]
    /// The number of uses of each rule.
    private(set) var uses: [Int]

    init(_ table: ExpressionTable, root: Int) throws(GrammarError) {
        self.table = table
        properties = table.properties()
        uses = []
        uses = try countUses(root: root)
        _ = try frame(Frame(rule: root, min: 1, max: 1))
        var next = 0
        while next < frames.count {
            let rule = frames[next].rule
            if networks[rule] == nil { try build(rule) }
            next += 1
        }
    }

    private mutating func frame(_ frame: Frame) throws(GrammarError) -> Int32 {
        if let known = frameNumbers[frame] { return known }
        frames.append(frame)
        frameNumbers[frame] = Int32(frames.count - 1)
        return Int32(frames.count - 1)
    }

    // MARK: Networks

    private mutating func build(_ rule: Int) throws(GrammarError) {
        let entry = try state()
        let exit = try state()
        networks[rule] = (entry, exit)
        guard let body = table.rules[rule].body else { return }
        var work = [Task(expression: body, from: entry, to: exit)]
        while let task = work.popLast() { try connect(task, &work) }
    }

    /// An expression that still has to be laid between two states.
    ///
    /// Nothing laid between them may lead back to `from` or on from `to`: other parts begin and end there.
    private struct Task {
        var expression: Int
        var from, to: Int32
    }

    private mutating func connect(_ task: Task, _ work: inout [Task]) throws(GrammarError) {
        let (from, to) = (task.from, task.to)
        switch table[task.expression] {
        case .literal(let bytes):
            var state = from
            for byte in bytes.dropLast() {
                let next = try self.state()
                try edge(.bytes(byte...byte), state, next)
                state = next
            }
            try edge(bytes.last.map { .bytes($0...$0) } ?? .empty, state, to)
        case .scalars(let scalars): try connect(scalars, from, to)
        case .rule(let rule):
            guard let body = table.rules[rule].body, properties.isProductive[body] else { return }
            if isWrittenOut(rule) {
                work.append(Task(expression: body, from: from, to: to))
            } else {
                try call(Frame(rule: rule, min: 1, max: 1), isNullable: properties.isNullable[body], from, to)
            }
        case .sequence(let parts):
            var state = from
            for (index, part) in parts.enumerated() {
                let next = index == parts.count - 1 ? to : try self.state()
                work.append(Task(expression: part, from: state, to: next))
                state = next
            }
        case .choice(let parts):
            for part in parts { work.append(Task(expression: part, from: from, to: to)) }
        case .repeated(let part, let min, let max):
            try connect(repeating: part, min, max, from, to, &work)
        case .list(let items, let separator):
            try connect(items, separator, from, to, &work)
        case .graph(let number): try connect(table.graphs[number], from, to, &work)
        }
    }

    private mutating func connect(
        _ graph: ExpressionGraph, _ from: Int32, _ to: Int32, _ work: inout [Task]
    ) throws(GrammarError) {
        var states: [Int32] = []
        for _ in graph.states { states.append(try state()) }
        try edge(.empty, from, states[0])
        for (number, state) in graph.states.enumerated() {
            for edge in state.edges {
                work.append(
                    Task(expression: edge.expression, from: states[number], to: states[edge.target]))
            }
            if state.isAccepting { try edge(.empty, states[number], to) }
        }
    }

    private mutating func connect(
        repeating part: Int, _ min: Int, _ max: Int?, _ from: Int32, _ to: Int32, _ work: inout [Task]
    ) throws(GrammarError) {
        guard let max else {
            // x{m,} is x{m-1} x+, and x+ is a loop.
            let start = try state()
            let end = try state()
            if min > 1 {
                try connect(repeating: part, min - 1, min - 1, from, start, &work)
            } else {
                try edge(.empty, from, start)
            }
            work.append(Task(expression: part, from: start, to: end))
            try edge(.empty, end, start)
            try edge(.empty, end, to)
            if min == 0 { try edge(.empty, from, to) }
            return
        }
        if min == 0 || max == 0 || properties.isNullable[part] { try edge(.empty, from, to) }
        guard max > 0, properties.isProductive[part] else { return }
        guard copies(part, max) != nil else {
            let least = properties.isNullable[part] ? 0 : min
            let frame = Frame(rule: try body(part), min: Int32(least), max: Int32(max))
            return try call(frame, isNullable: false, from, to)
        }
        var state = from
        for index in 1...max {
            let next = try self.state()
            work.append(Task(expression: part, from: state, to: next))
            if index >= min { try edge(.empty, next, to) }
            state = next
        }
    }

    /// Items in order. Before each there are two states, for whether a separator is due.
    private mutating func connect(
        _ items: [ListItem], _ separator: Int, _ from: Int32, _ to: Int32, _ work: inout [Task]
    ) throws(GrammarError) {
        var first = try state()
        var later = try state()
        try edge(.empty, from, first)
        for item in items {
            let nextFirst = try state()
            let nextLater = try state()
            let start = try state()
            try edge(.empty, first, start)
            work.append(Task(expression: separator, from: later, to: start))
            work.append(Task(expression: item.expression, from: start, to: nextLater))
            if !item.isRequired {
                try edge(.empty, first, nextFirst)
                try edge(.empty, later, nextLater)
            }
            (first, later) = (nextFirst, nextLater)
        }
        try edge(.empty, first, to)
        try edge(.empty, later, to)
    }

    private mutating func connect(
        _ scalars: ScalarRanges, _ from: Int32, _ to: Int32
    ) throws(GrammarError) {
        // Sequences that end alike share their ends: almost all go through any one, two or three more bytes.
        var ends: [[ClosedRange<UInt8>]: Int32] = [[]: to]
        for sequence in scalars.byteSequences {
            var target = to
            for length in 1..<Swift.max(1, sequence.count) {
                let end = Array(sequence.suffix(length))
                if let known = ends[end] {
                    target = known
                } else {
                    let state = try self.state()
                    try edge(.bytes(end[0]), state, target)
                    ends[end] = state
                    target = state
                }
            }
            if let first = sequence.first { try edge(.bytes(first), from, target) }
        }
    }

    /// A repetition's body as a rule.
    private mutating func body(_ part: Int) throws(GrammarError) -> Int {
        if case .rule(let rule) = table[part] { return rule }
        if let known = bodies[part] { return known }
        table.rules.append(.init(name: "", body: part))
        uses.append(2)
        bodies[part] = table.rules.count - 1
        return table.rules.count - 1
    }

    // MARK: States and edges

    static let tooLarge = GrammarError.tooLarge(
        "states", limit: GrammarLimits.nondeterministicStates)

    private mutating func state() throws(GrammarError) -> Int32 {
        guard firstEdge.count < GrammarLimits.nondeterministicStates else { throw Self.tooLarge }
        firstEdge.append(-1)
        return Int32(firstEdge.count - 1)
    }

    private mutating func edge(_ label: Label, _ from: Int32, _ to: Int32) throws(GrammarError) {
        guard edges.count < 2 * GrammarLimits.nondeterministicStates else { throw Self.tooLarge }
        edges.append(Edge(label: label, target: to, next: firstEdge[Int(from)]))
        firstEdge[Int(from)] = Int32(edges.count - 1)
    }

    /// A call of what matches no empty text: that way goes around it, so that what is called always reads
    /// something.
    private mutating func call(
        _ frame: Frame, isNullable: Bool, _ from: Int32, _ to: Int32
    ) throws(GrammarError) {
        if isNullable { try edge(.empty, from, to) }
        try edge(.call(frame: try self.frame(frame)), from, to)
    }
}
