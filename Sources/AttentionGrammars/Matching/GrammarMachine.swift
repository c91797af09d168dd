/// Follows all ways in which a text can be read, at once.
///
/// A way of reading is a thread: a state of a rule, and the open rule that it belongs to. An open rule knows
/// where to go on when it ends, which may be in several ways. Rules that are opened at the same place are
/// one, however they are reached. So the stacks of all threads are one graph (Tomita, "Efficient parsing for
/// natural language", 1986; Scott and Johnstone, "GLL parsing", 2010), ambiguity costs a polynomial of the
/// text's length and never more, and left recursion is an edge from an open rule to itself. With `s` states
/// and `p` open rules there are at most `s·p` threads; the work on a byte is bounded by ``GrammarLimits``.
///
/// Open rules and their edges are only ever appended, and what was appended before the byte at hand never
/// changes. So ``Mark`` and ``cut(to:)`` go back to where a walk through the vocabulary branched.
struct GrammarMachine: Sendable {
    struct Thread: Hashable, Sendable {
        var state: Int32
        var open: Int32
    }

    /// A rule that has begun. `frame` is negative where the rule is a repetition whose bounds and callers are
    /// not known: then the state it begins in, negated.
    struct OpenRule: Sendable {
        var frame: Int32
        /// The number of finished rounds of a repetition.
        var count: Int32
        /// The number of bytes before it.
        var position: Int32
        var firstEdge: Int32
    }

    /// The state after an open rule.
    struct Edge: Sendable {
        var state: Int32
        /// ``outside`` where what called the rule is not known, or is nothing.
        var open: Int32
        var next: Int32
    }

    static let outside: Int32 = -1

    let automaton: GrammarAutomaton
    var open: [OpenRule] = []
    var edges: [Edge] = []
    var threads: [Thread] = []
    /// How often the outermost rule had been gone through where the last byte ended it.
    private(set) var endings: [Int32] = []
    /// How many steps may be taken, and how many are left of them.
    private(set) var limit = GrammarLimits.stepsPerByte
    private(set) var budget = GrammarLimits.stepsPerByte

    /// A machine without threads, whose outermost rule is number 0.
    ///
    /// - Parameter frame: as in ``OpenRule``.
    init(_ automaton: GrammarAutomaton, outermost frame: Int32) {
        self.automaton = automaton
        open.append(OpenRule(frame: frame, count: 0, position: -1, firstEdge: 0))
        edges.append(Edge(state: 0, open: Self.outside, next: -1))
    }

    // MARK: Going back

    struct Mark {
        var open, edges, threads: Int
    }

    var mark: Mark { Mark(open: open.count, edges: edges.count, threads: threads.count) }

    mutating func cut(to mark: Mark) {
        open.removeLast(open.count - mark.open)
        edges.removeLast(edges.count - mark.edges)
        threads.removeLast(threads.count - mark.threads)
    }

    // MARK: Steps

    /// Reads a byte from the threads of `range`, and returns the range of those behind it, which are
    /// appended.
    ///
    /// - Parameter position: how many bytes have been read with this one.
    mutating func step(
        _ range: Range<Int>, _ byte: UInt8, position: Int32
    ) throws(GrammarMatchError) -> Range<Int> {
        let start = threads.count
        endings.removeAll(keepingCapacity: true)
        for index in range {
            let thread = threads[index]
            let state = automaton.next(thread.state, byte)
            if state != 0 { try add(Thread(state: state, open: thread.open), from: start) }
        }
        return try close(from: start, position: position)
    }

    /// The threads behind those from `start` on when rules have ended and begun. Threads that no byte can
    /// follow are left out.
    mutating func close(from start: Int, position: Int32) throws(GrammarMatchError) -> Range<Int> {
        let firstOpen = open.count
        var index = start
        while index < threads.count {
            let thread = threads[index]
            index += 1
            let traits = automaton.traits[Int(thread.state)]
            if traits.contains(.calls) {
                for call in automaton.calls(of: thread.state) {
                    try begin(automaton.calls[call], thread, start, firstOpen, position)
                }
            }
            if traits.contains(.ends), open[Int(thread.open)].position < position {
                try end(thread.open, start, firstOpen, position)
            }
        }
        var kept = start
        for index in start..<threads.count
        where automaton.traits[Int(threads[index].state)].contains(.reads) {
            threads[kept] = threads[index]
            kept += 1
        }
        threads.removeLast(threads.count - kept)
        return start..<kept
    }

    /// Goes on where the callers of an open rule do, as if it ended behind `position` bytes.
    mutating func leave(_ rule: Int32, position: Int32) throws(GrammarMatchError) -> Range<Int> {
        let start = threads.count
        endings.removeAll(keepingCapacity: true)
        try goOn(behind: rule, count: 0, start)
        return try close(from: start, position: position)
    }

    // MARK: Rules

    private mutating func begin(
        _ call: GrammarAutomaton.Call, _ thread: Thread, _ start: Int, _ firstOpen: Int, _ position: Int32
    ) throws(GrammarMatchError) {
        let caller = open[Int(thread.open)]
        let rule = try opened(call.frame, 0, start, firstOpen, position)
        // Nothing but the end follows: the callers' callers are where to go on, and the stack of a rule that
        // ends with itself does not grow.
        let isLast = automaton.traits[Int(call.state)] == .ends && caller.position < position
        if isLast, caller.frame >= 0, !automaton.frames[Int(caller.frame)].repeats {
            try copyEdges(of: thread.open, to: rule)
        } else {
            try addEdge(call.state, thread.open, to: rule)
        }
    }

    private mutating func end(
        _ rule: Int32, _ start: Int, _ firstOpen: Int, _ position: Int32
    ) throws(GrammarMatchError) {
        let ended = open[Int(rule)]
        let count = ended.count + 1
        var bounds = (min: Int32(1), max: Int32.max)
        if ended.frame >= 0 {
            let frame = automaton.frames[Int(ended.frame)]
            bounds = (frame.min, frame.max)
        }
        if count >= bounds.min { try goOn(behind: rule, count: count, start) }
        if count < bounds.max {
            let again = try opened(ended.frame, count, start, firstOpen, position)
            try copyEdges(of: rule, to: again)
        }
    }

    private mutating func goOn(behind rule: Int32, count: Int32, _ start: Int) throws(GrammarMatchError) {
        var index = open[Int(rule)].firstEdge
        while index >= 0 {
            let edge = edges[Int(index)]
            if edge.open == Self.outside {
                if !endings.contains(count) { endings.append(count) }
            } else {
                try add(Thread(state: edge.state, open: edge.open), from: start)
            }
            index = edge.next
        }
    }

    /// The rule that is opened here, which may have been opened already.
    private mutating func opened(
        _ frame: Int32, _ count: Int32, _ start: Int, _ firstOpen: Int, _ position: Int32
    ) throws(GrammarMatchError) -> Int32 {
        try spend(open.count - firstOpen + 1)
        for index in firstOpen..<open.count
        where open[index].frame == frame && open[index].count == count {
            return Int32(index)
        }
        guard open.count < GrammarLimits.openRules else {
            throw .tooDeep(limit: GrammarLimits.openRules)
        }
        open.append(OpenRule(frame: frame, count: count, position: position, firstEdge: -1))
        let entry = frame < 0 ? -frame : automaton.frames[Int(frame)].entry
        let rule = Int32(open.count - 1)
        try add(Thread(state: entry, open: rule), from: start)
        return rule
    }

    private mutating func addEdge(_ state: Int32, _ caller: Int32, to rule: Int32) throws(GrammarMatchError) {
        var index = open[Int(rule)].firstEdge
        while index >= 0 {
            let edge = edges[Int(index)]
            if edge.state == state, edge.open == caller { return }
            index = edge.next
            try spend(1)
        }
        guard edges.count < 4 * GrammarLimits.openRules else {
            throw .tooDeep(limit: GrammarLimits.openRules)
        }
        edges.append(Edge(state: state, open: caller, next: open[Int(rule)].firstEdge))
        open[Int(rule)].firstEdge = Int32(edges.count - 1)
    }

    private mutating func copyEdges(of rule: Int32, to other: Int32) throws(GrammarMatchError) {
        var index = open[Int(rule)].firstEdge
        while index >= 0 {
            let edge = edges[Int(index)]
            try addEdge(edge.state, edge.open, to: other)
            index = edge.next
        }
    }

    // MARK: Threads

    private mutating func add(_ thread: Thread, from start: Int) throws(GrammarMatchError) {
        try spend(threads.count - start + 1)
        for index in start..<threads.count where threads[index] == thread { return }
        guard threads.count - start < GrammarLimits.threads else {
            throw .tooAmbiguous(limit: GrammarLimits.threads)
        }
        threads.append(thread)
    }

    /// Allows so many steps from here on.
    mutating func allow(steps: Int) { (limit, budget) = (steps, steps) }

    private mutating func spend(_ steps: Int) throws(GrammarMatchError) {
        budget -= steps
        guard budget >= 0 else { throw .tooManySteps(limit: limit) }
    }
}
