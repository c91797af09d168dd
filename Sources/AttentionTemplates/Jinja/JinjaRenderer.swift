import AttentionJSON

/// The rendering of a template: its budgets, variables and output. Evaluation is in extensions.
///
/// Every operation is paid for in steps before it is done: a node, an item of a list, sixteen scalars of
/// text. So ``ChatTemplate/Limits`` alone bound time and memory.
final class JinjaRenderer {
    let program: JinjaProgram
    let limits: ChatTemplate.Limits
    /// Seconds since 1970, for `strftime_now`.
    let now: Double
    private var steps = 0
    /// The number of evaluations in each other.
    private(set) var depth = 0
    private let stack = StackRoom()
    /// The place of the current node, for errors.
    var position = 0
    private(set) var output: [UInt32] = []

    // The state that values refer to by number.
    private var frames: [Frame] = []
    var frame = 0
    var macros: [(definition: JinjaMacro, frame: Int)] = []
    var namespaces: [[(name: ExactString, value: JinjaValue)]] = []
    var loops: [LoopState] = []
    var loopsBegun = 0
    var iterators: [ArraySlice<JinjaValue>] = []
    /// The texts of the blocks that filters are being applied to.
    var blockTexts: [JinjaText] = []

    let loopSymbol: Int?
    let implicitSymbols: [ExactString: Int]

    /// The most evaluations in each other. Each takes about 2.5 KiB of stack, and a pool's thread may have
    /// 512.
    static let greatestDepth = 150

    struct Frame {
        let parent: Int?
        var variables: [Int: JinjaValue] = [:]
        /// Whether a macro still reads it.
        var isCaptured = false
    }

    struct LoopState {
        let id: Int
        let items: [JinjaValue]
        var index = 0
        let depth: Int
        let statement: JinjaStatement.Loop
        let frame: Int
        var lastChanged: [JinjaValue]?
    }

    enum Flow { case next, `break`, `continue` }

    init(
        _ program: JinjaProgram, variables: [ExactString: JinjaValue], limits: ChatTemplate.Limits,
        now: Double
    ) {
        (self.program, self.limits, self.now) = (program, limits, now)
        loopSymbol = program.symbols.firstIndex(of: "loop")
        var implicit: [ExactString: Int] = [:]
        var globals: [Int: JinjaValue] = [:]
        for (symbol, name) in program.symbols.enumerated() {
            if JinjaMacro.implicitNames.contains(name) { implicit[name] = symbol }
            if let value = variables[name] {
                globals[symbol] = value
            } else if Self.functions.contains(name) {
                globals[symbol] = .function(name)
            }
        }
        implicitSymbols = implicit
        frames = [Frame(parent: nil, variables: globals), Frame(parent: 0)]
        frame = 1
    }

    /// The whole template's output.
    func render() throws(JinjaFault) -> JinjaText {
        _ = try execute(program.body)
        return JinjaText(units: output)
    }

    // MARK: Budgets

    @inline(__always)
    func charge(_ count: Int = 1) throws(JinjaFault) {
        steps &+= count
        if steps > limits.steps { throw tooCostly("more than \(limits.steps) steps") }
    }

    func charge(units: Int) throws(JinjaFault) { try charge(units / 16 + 1) }

    private func tooCostly(_ what: String) -> JinjaFault { JinjaFault(.tooCostly, what) }

    /// Pays for a text of this length, and refuses one that is too long, before it is made.
    func reserve(units: Int) throws(JinjaFault) {
        guard units <= limits.characters else {
            throw tooCostly("a text of more than \(limits.characters) characters")
        }
        try charge(units: units)
    }

    /// Pays for an addition to a text, and refuses a text that becomes too long.
    func extend(_ units: inout [UInt32], by more: [UInt32]) throws(JinjaFault) {
        try charge(units: more.count)
        guard units.count + more.count <= limits.characters else {
            throw tooCostly("a text of more than \(limits.characters) characters")
        }
        units += more
    }

    /// A product that may be large, for ``reserve(units:)``.
    static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = max(a, 0).multipliedReportingOverflow(by: max(b, 0))
        return overflow ? .max : product
    }

    /// A text as a value, paid for.
    func string(_ text: JinjaText) throws(JinjaFault) -> JinjaValue {
        try reserve(units: text.count)
        return .string(text)
    }

    func list(_ items: [JinjaValue]) throws(JinjaFault) -> JinjaValue {
        try charge(2 * items.count)
        return .list(try JinjaSequence(items))
    }

    func enter() throws(JinjaFault) {
        depth += 1
        if depth > Self.greatestDepth {
            throw tooCostly("more than \(Self.greatestDepth) evaluations in each other")
        }
        if !stack.isLeft { throw tooCostly(StackRoom.message) }
    }

    func leave() { depth -= 1 }

    // MARK: Variables

    func value(of symbol: Int) -> JinjaValue {
        var index: Int? = frame
        while let current = index {
            if let value = frames[current].variables[symbol] { return value }
            index = frames[current].parent
        }
        return .undefined(.name(program.symbols[symbol]))
    }

    func set(_ symbol: Int, _ value: JinjaValue) { frames[frame].variables[symbol] = value }

    func assign(_ value: JinjaValue, to target: JinjaTarget) throws(JinjaFault) {
        switch target {
        case .name(let symbol): set(symbol, value)
        case .attribute(let symbol, let name):
            guard case .namespace(let number) = self.value(of: symbol) else {
                throw .failed("cannot assign attribute on non-namespace object")
            }
            try setAttribute(name, of: number, to: value)
        case .tuple(let targets):
            let items = try self.items(of: value)
            guard items.count == targets.count else {
                throw .failed(
                    items.count > targets.count
                        ? "too many values to unpack (expected \(targets.count))"
                        : "not enough values to unpack (expected \(targets.count), got \(items.count))")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target) }
        }
    }

    func setAttribute(_ name: ExactString, of namespace: Int, to value: JinjaValue) throws(JinjaFault) {
        guard name.utf8.first != UInt8(ascii: "_") else {
            throw .failed("a namespace cannot have an attribute that begins with an underscore: '\(name)'")
        }
        try charge(1 + namespaces[namespace].count / 4)
        if let index = namespaces[namespace].firstIndex(where: { $0.name == name }) {
            namespaces[namespace][index].value = value
        } else {
            namespaces[namespace].append((name, value))
        }
    }

    /// Begins a scope, which ``popFrame(to:)`` ends with the result.
    func pushFrame(parent: Int) -> Int {
        let before = frame
        frames.append(Frame(parent: parent))
        frame = frames.count - 1
        return before
    }

    func popFrame(to before: Int) {
        // A macro that was made in the scope, or deeper, keeps it. What lies behind it then stays, empty.
        if frame == frames.count - 1, !frames[frame].isCaptured {
            frames.removeLast()
        } else if !frames[frame].isCaptured {
            frames[frame].variables = [:]
        }
        frame = before
    }

    func captureFrames() {
        var index: Int? = frame
        while let current = index, !frames[current].isCaptured {
            frames[current].isCaptured = true
            index = frames[current].parent
        }
    }

    // MARK: Output

    func write(_ units: [UInt32]) throws(JinjaFault) { try extend(&output, by: units) }

    /// The text that `body` writes, taken out of the output.
    func captured(_ body: () throws(JinjaFault) -> Void) throws(JinjaFault) -> JinjaText {
        var before: [UInt32] = []
        swap(&before, &output)
        try body()
        swap(&before, &output)
        return JinjaText(units: before)
    }
}
