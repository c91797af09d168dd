import AttentionJSON

/// A set of texts, as a deterministic automaton over Unicode scalars.
///
/// Patterns, formats, lengths and sets of names are all of this one form, so that any of them can stand
/// beside any other: their intersection is a product of automata, and "not" exchanges the accepting states.
final class TextAutomaton: Sendable {
    /// The scalars up to `last`, from behind those of the edge before.
    struct Edge: Sendable {
        var last: UInt32
        var target: Int32
    }

    struct State: Sendable {
        /// The ranges, in ascending order. They cover all scalars.
        var edges: [Edge] = []
        var isAccepting: Bool
    }

    /// The states; number 0 is where texts begin.
    let states: [State]
    /// For each state, whether an accepting one can be reached from it.
    let isAlive: [Bool]

    init(_ states: [State]) {
        self.states = states
        isAlive = Self.alive(states)
    }

    /// Explores an automaton whose states are given by what they mean.
    ///
    /// - Parameter edges: as in ``State/edges``, with the meaning of the state behind each.
    /// - Throws: ``GrammarError`` of the problem `tooLarge`.
    init<Key: Hashable>(
        from start: Key, isAccepting: (Key) -> Bool,
        edges: (Key) throws(GrammarError) -> [(last: UInt32, target: Key)]
    ) throws(GrammarError) {
        var numbers = [start: Int32(0)]
        var keys = [start]
        var states: [State] = []
        var edgeCount = 0
        while states.count < keys.count {
            let key = keys[states.count]
            var state = State(isAccepting: isAccepting(key))
            for (last, target) in try edges(key) {
                let number: Int32
                if let known = numbers[target] {
                    number = known
                } else {
                    guard keys.count < GrammarLimits.textStates else {
                        throw .tooLarge("states for a text", limit: GrammarLimits.textStates)
                    }
                    number = Int32(keys.count)
                    numbers[target] = number
                    keys.append(target)
                }
                if let previous = state.edges.last, previous.target == number {
                    state.edges[state.edges.count - 1].last = last
                } else {
                    state.edges.append(Edge(last: last, target: number))
                }
            }
            edgeCount += state.edges.count
            guard edgeCount <= GrammarLimits.textEdges else {
                throw .tooLarge("edges for a text", limit: GrammarLimits.textEdges)
            }
            states.append(state)
        }
        self.states = states
        isAlive = Self.alive(states)
    }

    private static func alive(_ states: [State]) -> [Bool] {
        var before = [[Int32]](repeating: [], count: states.count)
        for (number, state) in states.enumerated() {
            for edge in state.edges { before[Int(edge.target)].append(Int32(number)) }
        }
        var isAlive = states.map(\.isAccepting)
        var work = isAlive.indices.filter { isAlive[$0] }
        while let state = work.popLast() {
            for previous in before[state].map(Int.init) where !isAlive[previous] {
                isAlive[previous] = true
                work.append(previous)
            }
        }
        return isAlive
    }

    /// Whether no text is in the set.
    var isEmpty: Bool { !isAlive[0] }

    func contains(_ text: ExactString) -> Bool {
        var state = 0
        for scalar in text.unicodeScalars { state = next(state, scalar.value) }
        return states[state].isAccepting
    }

    private func next(_ state: Int, _ scalar: UInt32) -> Int {
        let edges = states[state].edges
        var (low, high) = (0, edges.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if edges[middle].last < scalar { low = middle + 1 } else { high = middle }
        }
        return Int(edges[low].target)
    }
}

// MARK: Basic sets

extension TextAutomaton {
    /// All texts.
    static let all = TextAutomaton([
        State(edges: [Edge(last: ScalarRanges.greatest, target: 0)], isAccepting: true)
    ])

    /// Exactly these texts.
    static func texts(_ texts: some Sequence<ExactString>) throws(GrammarError) -> TextAutomaton {
        var children: [[UInt32: Int32]] = [[:], [:]]
        var isEnd = [false, false]
        for text in texts {
            var node = 0
            for scalar in text.unicodeScalars {
                if let known = children[node][scalar.value] {
                    node = Int(known)
                } else {
                    guard children.count < GrammarLimits.textEdges else {
                        throw .tooLarge("characters in a list of texts", limit: GrammarLimits.textEdges)
                    }
                    children[node][scalar.value] = Int32(children.count)
                    node = children.count
                    children.append([:])
                    isEnd.append(false)
                }
            }
            isEnd[node] = true
        }
        // State 1 is where all other texts end up.
        let states = zip(children, isEnd).map { children, isEnd in
            var state = State(isAccepting: isEnd)
            var next: UInt32 = 0
            for (scalar, child) in children.sorted(by: { $0.key < $1.key }) {
                if scalar > next { state.edges.append(Edge(last: scalar - 1, target: 1)) }
                state.edges.append(Edge(last: scalar, target: child))
                next = scalar + 1
            }
            if next <= ScalarRanges.greatest {
                state.edges.append(Edge(last: ScalarRanges.greatest, target: 1))
            }
            return state
        }
        return TextAutomaton(states)
    }

    /// The texts that are not in the set.
    var complement: TextAutomaton {
        TextAutomaton(states.map { State(edges: $0.edges, isAccepting: !$0.isAccepting) })
    }

    // MARK: Combinations

    /// A state of each of two automata; -1 for one that leads nowhere.
    private struct Pair: Hashable {
        var first, second: Int32
        static let nowhere = Pair(first: -1, second: -1)
    }

    func intersection(_ other: TextAutomaton) throws(GrammarError) -> TextAutomaton {
        func pair(_ first: Int32, _ second: Int32) -> Pair {
            isAlive[Int(first)] && other.isAlive[Int(second)] ? Pair(first: first, second: second) : .nowhere
        }
        return try TextAutomaton(
            from: pair(0, 0),
            isAccepting: {
                $0 != .nowhere && states[Int($0.first)].isAccepting
                    && other.states[Int($0.second)].isAccepting
            },
            edges: { at throws(GrammarError) in
                guard at != .nowhere else { return [(ScalarRanges.greatest, .nowhere)] }
                return Self.merge(states[Int(at.first)].edges, other.states[Int(at.second)].edges, pair)
            })
    }

    func union(_ other: TextAutomaton) throws(GrammarError) -> TextAutomaton {
        try complement.intersection(other.complement).complement
    }

    private static func merge<Key>(
        _ first: [Edge], _ second: [Edge], _ pair: (Int32, Int32) -> Key
    ) -> [(last: UInt32, target: Key)] {
        var result: [(last: UInt32, target: Key)] = []
        var (one, other) = (0, 0)
        while one < first.count, other < second.count {
            let last = Swift.min(first[one].last, second[other].last)
            result.append((last, pair(first[one].target, second[other].target)))
            if first[one].last == last { one += 1 }
            if second[other].last == last { other += 1 }
        }
        return result
    }

    /// The texts of the set that have `min` to `max` scalars.
    func withLength(_ min: Int, _ max: Int?) throws(GrammarError) -> TextAutomaton {
        guard min > 0 || max != nil else { return self }
        // More scalars than are told apart count as this many.
        let most = Int32(max.map { $0 + 1 } ?? min)
        func pair(_ state: Int32, _ count: Int32) -> Pair {
            isAlive[Int(state)] && (max == nil || count < most)
                ? Pair(first: state, second: count) : .nowhere
        }
        return try TextAutomaton(
            from: pair(0, 0),
            isAccepting: { $0 != .nowhere && states[Int($0.first)].isAccepting && $0.second >= min },
            edges: { at throws(GrammarError) in
                guard at != .nowhere else { return [(ScalarRanges.greatest, .nowhere)] }
                let count = Swift.min(at.second + 1, most)
                return states[Int(at.first)].edges.map { ($0.last, pair($0.target, count)) }
            })
    }
}
