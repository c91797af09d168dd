/// Makes the networks of the rules deterministic, each for itself (the construction by sets of states of
/// Rabin and Scott, 1959). A call is a symbol like a byte.
struct Determiniser {
    private let network: NondeterministicAutomaton
    let classes: [UInt8]
    let classCount: Int

    /// A state of the result stands for a set of the network's, of which only those count that have more than
    /// empty edges.
    private struct Set: Hashable {
        var members: [Int32]
        /// The exit that ends the rule, so that equal sets of different rules are different states.
        var exit: Int32
    }

    // State 0 is none.
    private var numbers: [Set: Int32] = [:]
    private var sets: [Set] = [Set(members: [], exit: -1)]
    private var transitions: [Int32]
    private var traits: [GrammarAutomaton.Traits] = [[]]
    private var calls: [[GrammarAutomaton.Call]] = [[]]
    private var entries: [Int: Int32] = [:]
    private var spent = 0

    /// Marks of the states that the closure at hand has seen.
    private var seen: [Int32]
    private var round: Int32 = 0

    init(_ network: NondeterministicAutomaton) {
        self.network = network
        var begins = [Bool](repeating: false, count: 257)
        begins[0] = true
        for edge in network.edges {
            guard case .bytes(let range) = edge.label else { continue }
            begins[Int(range.lowerBound)] = true
            begins[Int(range.upperBound) + 1] = true
        }
        var classes: [UInt8] = []
        var count = 0
        for byte in 0..<256 {
            if begins[byte] { count += 1 }
            classes.append(UInt8(count - 1))
        }
        self.classes = classes
        classCount = count
        transitions = [Int32](repeating: 0, count: count)
        seen = [Int32](repeating: 0, count: network.firstEdge.count)
    }

    mutating func run() throws(GrammarError) {
        var next = 1
        for frame in network.frames where entries[frame.rule] == nil {
            guard let (entry, exit) = network.networks[frame.rule] else { continue }
            entries[frame.rule] = try number(of: [entry], exit: exit)
            while next < sets.count {
                try expand(next)
                next += 1
            }
        }
    }

    // MARK: Sets

    private mutating func number(of states: [Int32], exit: Int32) throws(GrammarError) -> Int32 {
        let set = Set(members: try closure(states, exit), exit: exit)
        if let known = numbers[set] { return known }
        guard sets.count < GrammarLimits.states else {
            throw .tooLarge("states", limit: GrammarLimits.states)
        }
        guard transitions.count + classCount <= GrammarLimits.transitions else {
            throw .tooLarge("transitions", limit: GrammarLimits.transitions)
        }
        sets.append(set)
        numbers[set] = Int32(sets.count - 1)
        transitions += repeatElement(0, count: classCount)
        traits.append(set.members.contains(exit) ? .ends : [])
        calls.append([])
        return Int32(sets.count - 1)
    }

    /// The states that are reached over empty edges, in ascending order.
    private mutating func closure(_ states: [Int32], _ exit: Int32) throws(GrammarError) -> [Int32] {
        round += 1
        var members: [Int32] = []
        var work = states
        while let state = work.popLast() {
            guard seen[Int(state)] != round else { continue }
            seen[Int(state)] = round
            var matters = state == exit
            var edge = network.firstEdge[Int(state)]
            while edge >= 0 {
                if case .empty = network.edges[Int(edge)].label {
                    work.append(network.edges[Int(edge)].target)
                } else {
                    matters = true
                }
                edge = network.edges[Int(edge)].next
            }
            if matters { members.append(state) }
            try spend(1)
        }
        return members.sorted()
    }

    private mutating func spend(_ steps: Int) throws(GrammarError) {
        spent += steps
        guard spent <= GrammarLimits.determinising else {
            throw .tooLarge("steps to make it deterministic", limit: GrammarLimits.determinising)
        }
    }

    private mutating func expand(_ number: Int) throws(GrammarError) {
        var byClass = [[Int32]](repeating: [], count: classCount)
        var byFrame: [Int32: [Int32]] = [:]
        for state in sets[number].members {
            var edge = network.firstEdge[Int(state)]
            while edge >= 0 {
                let (label, target) = (network.edges[Int(edge)].label, network.edges[Int(edge)].target)
                switch label {
                case .empty: break
                case .bytes(let range):
                    let classes = classes[Int(range.lowerBound)]...classes[Int(range.upperBound)]
                    for index in classes { byClass[Int(index)].append(target) }
                    try spend(classes.count)
                case .call(let frame): byFrame[frame, default: []].append(target)
                }
                edge = network.edges[Int(edge)].next
            }
        }
        let exit = sets[number].exit
        var previous: (targets: [Int32], number: Int32) = ([], 0)
        for (index, targets) in byClass.enumerated() where !targets.isEmpty {
            if targets != previous.targets { previous = (targets, try self.number(of: targets, exit: exit)) }
            transitions[number * classCount + index] = previous.number
        }
        for (frame, targets) in byFrame.sorted(by: { $0.key < $1.key }) {
            calls[number].append(.init(frame: frame, state: try self.number(of: targets, exit: exit)))
        }
    }

    // MARK: Trimming

    struct Parts {
        var frames: [GrammarAutomaton.Frame] = []
        var transitions: [Int32]
        var traits: [GrammarAutomaton.Traits]
        var callStarts: [Int32] = []
        var calls: [GrammarAutomaton.Call] = []
    }

    /// The automaton without what leads to no end; nil if that is everything.
    func trimmed() -> Parts? {
        let alive = canEnd()
        var parts = Parts(transitions: transitions, traits: traits)
        for index in parts.transitions.indices where !alive[Int(transitions[index])] {
            parts.transitions[index] = 0
        }
        for state in traits.indices {
            parts.callStarts.append(Int32(parts.calls.count))
            let kept = calls[state].filter { alive[Int($0.state)] }
            parts.calls += kept
            if !kept.isEmpty { parts.traits[state].insert(.calls) }
            let row = parts.transitions[state * classCount..<(state + 1) * classCount]
            if row.contains(where: { $0 != 0 }) { parts.traits[state].insert(.reads) }
        }
        parts.callStarts.append(Int32(parts.calls.count))
        for frame in network.frames {
            parts.frames.append(.init(entry: entries[frame.rule] ?? 0, min: frame.min, max: frame.max))
        }
        guard let root = parts.frames.first, alive[Int(root.entry)] else { return nil }
        return parts
    }

    /// Which states a way to the end of their rule leads from. Only rules that some text follows are called.
    private func canEnd() -> [Bool] {
        var before = [[Int32]](repeating: [], count: traits.count)
        for state in traits.indices.dropFirst() {
            var last: Int32 = 0
            for next in transitions[state * classCount..<(state + 1) * classCount]
            where next != 0 && next != last {
                before[Int(next)].append(Int32(state))
                last = next
            }
            for call in calls[state] { before[Int(call.state)].append(Int32(state)) }
        }
        var alive = traits.map { $0.contains(.ends) }
        var work = alive.indices.filter { alive[$0] }
        while let state = work.popLast() {
            for previous in before[state].map(Int.init) where !alive[previous] {
                alive[previous] = true
                work.append(previous)
            }
        }
        return alive
    }
}
