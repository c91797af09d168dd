/// A grammar ready for matching: a deterministic automaton for each rule that is called, over bytes, whose
/// states may also call rules.
///
/// Being deterministic within a rule leaves one kind of ambiguity, namely where a rule ends and which one is
/// called; that is followed at run time (``GrammarMachine``). Every state can be completed: what leads
/// nowhere has been cut off, so that a text that has come so far can always be brought to an end.
final class GrammarAutomaton: Sendable {
    /// A rule that can be called.
    struct Frame: Sendable {
        /// The state it begins in.
        var entry: Int32
        /// The least number of repetitions; `max` is the greatest.
        var min: Int32
        var max: Int32

        var repeats: Bool { max != 1 }
    }

    struct Call: Sendable {
        var frame: Int32
        /// The state behind it.
        var state: Int32
    }

    /// The kinds of steps that lead on from a state.
    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        /// The rule may end.
        static let ends = Traits(rawValue: 1)
        /// A byte may follow.
        static let reads = Traits(rawValue: 2)
        /// Other rules may follow.
        static let calls = Traits(rawValue: 4)
    }

    /// Frame 0 is the whole grammar.
    let frames: [Frame]
    /// The class of each byte: bytes of a class are never told apart.
    let classes: [UInt8]
    let classCount: Int
    /// The state behind each state and class of bytes; 0, which is no state, for none.
    let transitions: [Int32]
    let traits: [Traits]
    /// Where each state's calls begin in ``calls``, and after the last one their end.
    let callStarts: [Int32]
    let calls: [Call]

    var stateCount: Int { traits.count }

    init(
        frames: [Frame], classes: [UInt8], classCount: Int, transitions: [Int32], traits: [Traits],
        callStarts: [Int32], calls: [Call]
    ) {
        self.frames = frames
        self.classes = classes
        self.classCount = classCount
        self.transitions = transitions
        self.traits = traits
        self.callStarts = callStarts
        self.calls = calls
    }

    @inline(__always)
    func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        transitions[Int(state) * classCount + Int(classes[Int(byte)])]
    }

    @inline(__always)
    func calls(of state: Int32) -> Range<Int> {
        Int(callStarts[Int(state)])..<Int(callStarts[Int(state) + 1])
    }

    convenience init(_ table: ExpressionTable, root: Int) throws(GrammarError) {
        let network = try NondeterministicAutomaton(table, root: root)
        var determiniser = Determiniser(network)
        try determiniser.run()
        guard let parts = determiniser.trimmed() else {
            throw GrammarError(
                .neverMatches, line: table.rules[root].line, column: table.rules[root].column,
                expected: "a grammar that some text follows", found: "one that no text can follow")
        }
        self.init(
            frames: parts.frames, classes: determiniser.classes, classCount: determiniser.classCount,
            transitions: parts.transitions, traits: parts.traits, callStarts: parts.callStarts,
            calls: parts.calls)
    }
}
