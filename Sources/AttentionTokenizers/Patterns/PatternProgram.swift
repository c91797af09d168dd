/// A compiled expression: instructions for ``PatternMatcher``.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        /// Matches one scalar of a set.
        case set(Int)
        /// Goes on at `first`, and at `second` if that fails. `memo` counts the splits.
        case split(first: Int, second: Int, memo: Int)
        case jump(Int)
        /// Goes on behind itself if the part at `start` matches here, or does not.
        case lookAhead(start: Int, negated: Bool)
        /// The same for a part that ends here and has `length` scalars.
        case lookBehind(start: Int, length: Int, negated: Bool)
        /// Goes on where the part at `start` ends, whose first match is the only one.
        case atomic(start: Int)
        case anchor(PatternNode.Anchor)
        /// The expression, or a part, has matched.
        case accept
    }

    var instructions: [Instruction] = []
    var sets: [ScalarSet] = []
    var splitCount = 0
    /// Whether a loop's body can match nothing.
    var hasEmptyLoops = false
}

/// Translates an expression. Parts that stand for themselves (what is looked at, and atomic groups) come
/// behind the rest, each with its own end.
struct PatternCompiler {
    private static let greatestLength = 4096

    private var program = PatternProgram()
    private var parts: [(instruction: Int, node: PatternNode)] = []

    static func compile(_ node: PatternNode) throws(PatternError) -> PatternProgram {
        var compiler = PatternCompiler()
        try compiler.emit(node)
        try compiler.append(.accept)
        while let part = compiler.parts.popLast() {
            compiler.setStart(of: part.instruction)
            try compiler.emit(part.node)
            try compiler.append(.accept)
        }
        return compiler.program
    }

    private var next: Int { program.instructions.count }

    private mutating func append(_ instruction: PatternProgram.Instruction) throws(PatternError) {
        guard next < Self.greatestLength else {
            throw PatternError(
                offset: 0, reason: "it is too large; repetitions count as often as they repeat")
        }
        program.instructions.append(instruction)
    }

    private mutating func appendSplit() throws(PatternError) -> Int {
        try append(.split(first: next + 1, second: 0, memo: program.splitCount))
        program.splitCount += 1
        return next - 1
    }

    /// Sets where the split goes when what follows it fails, or first where that is `preferred`.
    private mutating func setTarget(of split: Int, _ target: Int, preferred: Bool) {
        guard case .split(let first, _, let memo) = program.instructions[split] else { return }
        program.instructions[split] =
            preferred
            ? .split(first: target, second: first, memo: memo)
            : .split(first: first, second: target, memo: memo)
    }

    private mutating func setStart(of instruction: Int) {
        switch program.instructions[instruction] {
        case .lookAhead(_, let negated):
            program.instructions[instruction] = .lookAhead(start: next, negated: negated)
        case .lookBehind(_, let length, let negated):
            program.instructions[instruction] = .lookBehind(start: next, length: length, negated: negated)
        default: program.instructions[instruction] = .atomic(start: next)
        }
    }

    private mutating func emit(_ node: PatternNode) throws(PatternError) {
        switch node {
        case .set(let set):
            let index = program.sets.firstIndex(of: set) ?? program.sets.count
            if index == program.sets.count { program.sets.append(set) }
            try append(.set(index))
        case .sequence(let nodes):
            for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emit(alternatives: nodes[...])
        case .repeated(let node, let min, let max, let greed): try emit(node, min: min, max: max, greed)
        case .look(let node, ahead: true, let negated):
            parts.append((next, node))
            try append(.lookAhead(start: 0, negated: negated))
        case .look(let node, ahead: false, let negated):
            guard let length = node.length else {
                throw PatternError(offset: 0, reason: "what it looks back at must have one length")
            }
            parts.append((next, node))
            try append(.lookBehind(start: 0, length: length, negated: negated))
        case .atomic(let node):
            parts.append((next, node))
            try append(.atomic(start: 0))
        case .anchor(let anchor): try append(.anchor(anchor))
        }
    }

    private mutating func emit(alternatives nodes: ArraySlice<PatternNode>) throws(PatternError) {
        var jumps: [Int] = []
        for node in nodes.dropLast() {
            let split = try appendSplit()
            try emit(node)
            jumps.append(next)
            try append(.jump(0))
            setTarget(of: split, next, preferred: false)
        }
        if let last = nodes.last { try emit(last) }
        for jump in jumps { program.instructions[jump] = .jump(next) }
    }

    private mutating func emit(
        _ node: PatternNode, min: Int, max: Int?, _ greed: PatternNode.Greed
    ) throws(PatternError) {
        if greed == .possessive {
            return try emit(.atomic(.repeated(node, min: min, max: max, .greedy)))
        }
        let isLazy = greed == .lazy
        for _ in 0..<min { try emit(node) }
        if let max {
            var splits: [Int] = []
            for _ in min..<Swift.max(min, max) {
                splits.append(try appendSplit())
                try emit(node)
            }
            for split in splits { setTarget(of: split, next, preferred: isLazy) }
        } else {
            if node.canBeEmpty { program.hasEmptyLoops = true }
            let split = try appendSplit()
            try emit(node)
            try append(.jump(split))
            setTarget(of: split, next, preferred: isLazy)
        }
    }
}
