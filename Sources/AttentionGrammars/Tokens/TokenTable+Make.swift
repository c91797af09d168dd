extension TokenTable {
    /// Which table: a state, and whether it stands directly in a repetition with bounds; then the state that each of its
    /// rounds begins in, otherwise 0.
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
        var machine = GrammarMachine(automaton, outermost: -key.round)
        machine.allow(steps: GrammarLimits.stepsPerToken)
        machine.threads.append(.init(state: key.state, open: 0))
        var accepted: [(token: Int32, rounds: Int32)] = []
        var exits: [Exit] = []
        let repeats = key.round != 0
        var walk = TokenWalk(machine, vocabulary)
        try walk.run(below: 0, 0..<1, position: 0) { node, machine, threads in
            let tokens = Int(vocabulary.tokenStarts[node])..<Int(vocabulary.tokenStarts[node + 1])
            if !tokens.isEmpty {
                let rounds = repeats ? Self.rounds(machine, threads) : 0
                for token in vocabulary.tokens[tokens] { accepted.append((token, rounds)) }
            }
            guard !machine.endings.isEmpty else { return }
            var child = node + 1
            while child < Int(vocabulary.ends[node]) {
                if repeats {
                    for rounds in machine.endings { exits.append(Exit(node: Int32(child), rounds: rounds)) }
                } else {
                    exits.append(Exit(node: Int32(child), rounds: 0))
                }
                child = Int(vocabulary.ends[child])
            }
        }
        self.init(accepted: accepted, exits: exits, vocabulary)
    }

    /// How many rounds have to be left for the machine to be where it is: the fewest over all threads. A round that has
    /// just been finished may have been the last one.
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
