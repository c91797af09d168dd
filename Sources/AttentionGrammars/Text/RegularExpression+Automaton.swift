/// A regular expression as a network of states (Thompson, "Regular expression search algorithm", 1968), made
/// deterministic by sets of states.
extension RegularExpression {
    /// The texts in which the expression is found.
    ///
    /// - Throws: ``RegularExpressionError``, ``GrammarError`` of the problem `tooLarge`.
    func automaton() throws -> TextAutomaton {
        let (ahead, rest) = try splitLookAhead()
        var result = try Network(rest).automaton()
        for (expression, isNegated) in ahead {
            let found = try Network(expression).automaton()
            result = try result.intersection(isNegated ? found.complement : found)
        }
        return result
    }

    /// Takes apart what stands ahead at the beginning of the text: `^(?=a)(?!b)c` is `^c` where `^a` is found
    /// and `^b` is not.
    private func splitLookAhead() throws(RegularExpressionError) -> ([(Node, isNegated: Bool)], Node) {
        guard case .sequence(let parts) = root, case .assertion(.start)? = parts.first else {
            return ([], root)
        }
        var ahead: [(Node, isNegated: Bool)] = []
        var rest = parts.dropFirst()
        while case .lookAhead(let expression, let isNegated)? = rest.first {
            ahead.append((.sequence([.assertion(.start), expression]), isNegated))
            rest = rest.dropFirst()
        }
        return (ahead, .sequence([.assertion(.start)] + rest))
    }

    private struct Network {
        enum Label {
            case empty
            /// One of the sets of ``sets``.
            case scalars(Int)
            case assertion(Assertion)
        }

        var edges: [[(label: Label, target: Int32)]] = []
        var sets: [ScalarRanges] = []
        private var setNumbers: [ScalarRanges: Int] = [:]
        private(set) var hasBoundaries = false
        private let final: Int32
        private let start: Int32

        init(_ root: Node) throws {
            edges = [[], []]
            (start, final) = (0, 1)
            let entry = try state()
            let any = number(of: .all)
            edges[0] += [(.scalars(any), 0), (.empty, entry)]
            edges[1].append((.scalars(any), 1))
            try connect(root, entry, 1)
        }

        private mutating func state() throws(GrammarError) -> Int32 {
            guard edges.count < GrammarLimits.nondeterministicStates else {
                throw .tooLarge("states for a pattern", limit: GrammarLimits.nondeterministicStates)
            }
            edges.append([])
            return Int32(edges.count - 1)
        }

        private mutating func number(of set: ScalarRanges) -> Int {
            if let known = setNumbers[set] { return known }
            setNumbers[set] = sets.count
            sets.append(set)
            return sets.count - 1
        }

        /// The reader bounds the depth of the recursion.
        private mutating func connect(_ node: Node, _ from: Int32, _ to: Int32) throws {
            switch node {
            case .scalars(let set): edges[Int(from)].append((.scalars(number(of: set)), to))
            case .assertion(let assertion):
                hasBoundaries = hasBoundaries || assertion == .boundary || assertion == .noBoundary
                edges[Int(from)].append((.assertion(assertion), to))
            case .sequence(let parts):
                var at = from
                for part in parts {
                    let next = try state()
                    try connect(part, at, next)
                    at = next
                }
                edges[Int(at)].append((.empty, to))
            case .choice(let parts):
                for part in parts {
                    let entry = try state()
                    edges[Int(from)].append((.empty, entry))
                    try connect(part, entry, to)
                }
            case .repeated(let part, let min, let max):
                var at = from
                for index in 0..<(max ?? min) {
                    let next = try state()
                    let entry = try state()
                    edges[Int(at)].append((.empty, entry))
                    if index >= min { edges[Int(at)].append((.empty, to)) }
                    try connect(part, entry, next)
                    at = next
                }
                if max == nil {
                    let loop = try state()
                    let end = try state()
                    edges[Int(at)].append((.empty, loop))
                    try connect(part, loop, end)
                    edges[Int(end)].append((.empty, loop))
                    edges[Int(loop)].append((.empty, to))
                } else {
                    edges[Int(at)].append((.empty, to))
                }
            case .lookAhead:
                throw RegularExpressionError(
                    problem: .unsupported, position: 0,
                    expected: "look ahead only behind '^' at the beginning")
            }
        }

        // MARK: Determinism

        private enum Before: Hashable {
            case start, word, other
        }

        /// States over empty edges, and what stood before.
        private struct Key: Hashable {
            var states: [Int32]
            var before: Before
        }

        func automaton() throws(GrammarError) -> TextAutomaton {
            let classes = ScalarClasses(sets + (hasBoundaries ? [RegularExpression.words] : []))
            var spent = 0
            func key(_ states: [Int32], _ before: Before) throws(GrammarError) -> Key {
                let reached = closure(states, before, next: nil, &spent)
                guard spent <= GrammarLimits.determinising else {
                    throw .tooLarge("steps for a pattern", limit: GrammarLimits.determinising)
                }
                // From the final state on all texts are in the set.
                return reached.contains(final)
                    ? Key(states: [final], before: .other) : Key(states: reached, before: before)
            }
            let first = try key([start], .start)
            return try TextAutomaton(
                from: first,
                isAccepting: {
                    closure($0.states, $0.before, next: .other, isEnd: true, &spent).contains(final)
                },
                edges: { at throws(GrammarError) in
                    var targets: [Key] = []
                    for index in 0..<classes.count {
                        let isWord = hasBoundaries && classes.contains(index, sets.count)
                        let from =
                            hasBoundaries
                            ? closure(at.states, at.before, next: isWord ? .word : .other, &spent)
                            : at.states
                        var reached: [Int32] = []
                        for state in from {
                            for edge in edges[Int(state)] {
                                if case .scalars(let set) = edge.label, classes.contains(index, set) {
                                    reached.append(edge.target)
                                }
                            }
                        }
                        targets.append(try key(reached, isWord ? .word : .other))
                    }
                    return classes.intervals.map { ($0.last, targets[$0.number]) }
                })
        }

        /// The states that are reached over empty edges and assertions that hold, and have other edges, in
        /// ascending order.
        private func closure(
            _ states: [Int32], _ before: Before, next: Before?, isEnd: Bool = false, _ spent: inout Int
        ) -> [Int32] {
            var seen: Set<Int32> = []
            var members: [Int32] = []
            var work = states
            while let state = work.popLast() {
                guard seen.insert(state).inserted else { continue }
                spent += 1
                var matters = state == final
                for edge in edges[Int(state)] {
                    switch edge.label {
                    case .empty: work.append(edge.target)
                    case .scalars: matters = true
                    case .assertion(.start):
                        if before == .start { work.append(edge.target) }
                    case .assertion(.end):
                        matters = true
                        if isEnd { work.append(edge.target) }
                    case .assertion(let assertion):
                        matters = true
                        guard let next else { continue }
                        let isBoundary = (before == .word) != (next == .word)
                        if isBoundary == (assertion == .boundary) { work.append(edge.target) }
                    }
                }
                if matters { members.append(state) }
            }
            return members.sorted()
        }
    }
}

/// The scalars by which of some sets they are in.
private struct ScalarClasses {
    /// The scalars up to `last` from behind the interval before are of the class `number`.
    private(set) var intervals: [(last: UInt32, number: Int)] = []
    private var members: [[UInt64]] = []

    var count: Int { members.count }

    init(_ sets: [ScalarRanges]) {
        var changes: [(at: UInt32, set: Int)] = []
        for (number, set) in sets.enumerated() {
            for range in set.ranges {
                changes += [(range.lowerBound, number), (range.upperBound + 1, number)]
            }
        }
        // Surrogates, which no text holds, go with the scalars before them.
        for index in changes.indices where changes[index].at == ScalarRanges.surrogates.lowerBound {
            changes[index].at = ScalarRanges.surrogates.upperBound + 1
        }
        changes.sort { $0.at < $1.at }
        var numbers: [[UInt64]: Int] = [:]
        var current = [UInt64](repeating: 0, count: sets.count / 64 + 1)
        var index = 0
        var next: UInt32 = 0
        while next <= ScalarRanges.greatest {
            while index < changes.count, changes[index].at == next {
                current[changes[index].set / 64] ^= 1 << UInt64(changes[index].set % 64)
                index += 1
            }
            let end = index < changes.count ? changes[index].at - 1 : ScalarRanges.greatest
            let number = numbers[current] ?? members.count
            if number == members.count {
                numbers[current] = number
                members.append(current)
            }
            intervals.append((Swift.min(end, ScalarRanges.greatest), number))
            next = Swift.min(end, ScalarRanges.greatest) + 1
        }
    }

    /// Whether the scalars of a class are in a set.
    func contains(_ number: Int, _ set: Int) -> Bool {
        members[number][set / 64] & (1 << UInt64(set % 64)) != 0
    }
}
