/// A walk through a vocabulary's tree with a machine at its side, which goes wherever the machine can.
struct TokenWalk {
    var machine: GrammarMachine
    private let vocabulary: TokenVocabulary
    /// The threads, and the state of the machine before them, at each depth of the tree.
    private var levels: [(threads: Range<Int>, mark: GrammarMachine.Mark)] = []

    init(_ machine: GrammarMachine, _ vocabulary: TokenVocabulary) {
        self.machine = machine
        self.vocabulary = vocabulary
    }

    /// Visits the nodes below `node` that the machine can reach.
    ///
    /// - Parameters:
    ///   - threads: the machine's threads at `node`.
    ///   - position: the position of the machine there.
    ///   - visit: gets each node, the machine and its threads there.
    mutating func run(
        below node: Int, _ threads: Range<Int>, position: Int32,
        visit: (Int, borrowing GrammarMachine, Range<Int>) -> Void
    ) throws(GrammarMatchError) {
        let start = machine.mark
        let depth = vocabulary.depths[node]
        levels.removeAll(keepingCapacity: true)
        levels.append((threads, start))
        var next = node + 1
        let end = Int(vocabulary.ends[node])
        while next < end {
            let level = Int(vocabulary.depths[next] - depth)
            if levels.count > level {
                machine.cut(to: levels[level].mark)
                levels.removeLast(levels.count - level)
            }
            let mark = machine.mark
            let reached = try machine.step(
                levels[level - 1].threads, vocabulary.bytes[next], position: position + Int32(level))
            if reached.isEmpty && machine.endings.isEmpty {
                machine.cut(to: mark)
                next = Int(vocabulary.ends[next])
                continue
            }
            visit(next, machine, reached)
            levels.append((reached, mark))
            next += 1
        }
        machine.cut(to: start)
    }
}
