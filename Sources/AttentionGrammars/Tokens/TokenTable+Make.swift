extension TokenTable {
    /// Which table: a state, and whether it stands directly in a repetition with bounds; then the state that
    /// each of its rounds begins in, otherwise 0.
    struct Key: Hashable, Sendable {
        var state: Int32
        var round: Int32
    }

    /// Makes the table of a state.
    ///
    /// - Throws: ``GrammarMatchError`` where a budget is spent.
    init(
        _ key: Key, _ automaton: GrammarAutomaton, _ vocabulary: TokenVocabulary
    ) throws(GrammarMatchError) {
        var maker = TokenTableMaker(round: key.round, automaton, vocabulary)
        try maker.run(from: key.state)
        self.init(accepted: maker.accepted, exits: maker.exits, vocabulary)
    }
}

/// Walks through a vocabulary's tree once, to see what its tokens do in a state.
///
/// Most states are plain: they call no rule, and a text is in one of them at a time. There a node costs a
/// look into the automaton's table, a few nanoseconds, which matters within a string, where almost all tokens
/// may come. Where the walk meets a call, or a round of a repetition that may both end and go on, a machine
/// follows all ways from there.
private struct TokenTableMaker {
    private(set) var accepted: [(token: Int32, rounds: Int32)] = []
    private(set) var exits: [TokenTable.Exit] = []

    private let automaton: GrammarAutomaton
    private let vocabulary: TokenVocabulary
    private let round: Int32
    private var repeats: Bool { round != 0 }
    /// The traits, besides calling rules, that a plain state does not have.
    private let unlessPlain: GrammarAutomaton.Traits

    /// Where a text has come to: the state, and how many rounds have been finished.
    private struct Place {
        var state: Int32
        var rounds: Int32
    }

    init(round: Int32, _ automaton: GrammarAutomaton, _ vocabulary: TokenVocabulary) {
        (self.round, self.automaton, self.vocabulary) = (round, automaton, vocabulary)
        let callsAtOnce = round != 0 && automaton.traits[Int(round)].contains(.calls)
        unlessPlain = callsAtOnce ? [.ends] : [.ends, .reads]
    }

    private func isPlain(_ traits: GrammarAutomaton.Traits) -> Bool {
        !traits.contains(.calls) && !(repeats && traits.isSuperset(of: unlessPlain))
    }

    mutating func run(from state: Int32) throws(GrammarMatchError) {
        var machine = GrammarMachine(automaton, outermost: -round)
        machine.allow(steps: GrammarLimits.stepsPerToken)
        var walk = TokenWalk(machine, vocabulary)
        let (bytes, ends, depths) = (vocabulary.bytes, vocabulary.ends, vocabulary.depths)
        var places = [Place](repeating: Place(state: state, rounds: 0), count: vocabulary.longest + 1)
        var node = 1
        while node < bytes.count {
            let depth = Int(depths[node])
            let place = places[depth - 1]
            let next = automaton.next(place.state, bytes[node])
            let traits = automaton.traits[Int(next)]
            if next == 0 {
                node = Int(ends[node])
            } else if isPlain(traits) {
                accept(node, place.rounds)
                places[depth] = Place(state: next, rounds: place.rounds)
                if traits.contains(.ends) {
                    if repeats { places[depth] = Place(state: round, rounds: place.rounds + 1) }
                    leave(node, repeats ? place.rounds + 1 : 0)
                }
                node += 1
            } else {
                try follow(node, from: place, &walk)
                node = Int(ends[node])
            }
        }
    }

    /// The tokens at a node may come if so many rounds are left.
    private mutating func accept(_ node: Int, _ rounds: Int32) {
        for index in Int(vocabulary.tokenStarts[node])..<Int(vocabulary.tokenStarts[node + 1]) {
            accepted.append((vocabulary.tokens[index], rounds))
        }
    }

    /// The rule may end at a node.
    private mutating func leave(_ node: Int, _ rounds: Int32) {
        var child = node + 1
        while child < Int(vocabulary.ends[node]) {
            exits.append(.init(node: Int32(child), rounds: rounds))
            child = Int(vocabulary.ends[child])
        }
    }

    // MARK: States that are not plain

    /// Follows all ways through a node and what is below it.
    private mutating func follow(
        _ node: Int, from place: Place, _ walk: inout TokenWalk
    ) throws(GrammarMatchError) {
        let mark = walk.machine.mark
        walk.machine.open[0].count = place.rounds
        walk.machine.threads.append(.init(state: place.state, open: 0))
        let position = vocabulary.depths[node]
        let reached = try walk.machine.step(
            mark.threads..<mark.threads + 1, vocabulary.bytes[node], position: position)
        if !reached.isEmpty || !walk.machine.endings.isEmpty {
            visit(node, walk.machine, reached)
            try walk.run(below: node, reached, position: position) { node, machine, threads in
                visit(node, machine, threads)
            }
        }
        walk.machine.cut(to: mark)
    }

    private mutating func visit(_ node: Int, _ machine: borrowing GrammarMachine, _ threads: Range<Int>) {
        if vocabulary.tokenStarts[node] < vocabulary.tokenStarts[node + 1] {
            accept(node, repeats ? Self.rounds(machine, threads) : 0)
        }
        if repeats {
            for rounds in machine.endings { leave(node, rounds) }
        } else if !machine.endings.isEmpty {
            leave(node, 0)
        }
    }

    /// How many rounds have to be left for the machine to be where it is: the fewest over all threads. A
    /// round that has just been finished may have been the last one.
    private static func rounds(_ machine: borrowing GrammarMachine, _ threads: Range<Int>) -> Int32 {
        var fewest = machine.endings.min().map { $0 - 1 } ?? Int32.max
        var seen: Swift.Set<Int32> = []
        var work: [Int32] = []
        for index in threads { work.append(machine.threads[index].open) }
        while let rule = work.popLast() {
            if machine.open[Int(rule)].frame < 0 {
                fewest = Swift.min(fewest, machine.open[Int(rule)].count)
                continue
            }
            guard seen.insert(rule).inserted else { continue }
            var edge = machine.open[Int(rule)].firstEdge
            while edge >= 0 {
                work.append(machine.edges[Int(edge)].open)
                edge = machine.edges[Int(edge)].next
            }
        }
        return fewest
    }
}
