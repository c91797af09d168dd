/// The position in a grammar of a text that is read one byte at a time.
///
/// A matcher is a value: a copy goes on by itself. Whatever it accepts can be brought to an end that the
/// grammar allows.
///
/// ```swift
/// var matcher = try GrammarMatcher(Grammar.json)
/// try matcher.advance("[1, 2")     // true: it may go on so
/// matcher.isComplete               // false: the ']' is missing
/// ```
public struct GrammarMatcher: Sendable {
    private(set) var machine: GrammarMachine
    /// The machine's threads.
    private(set) var range: Range<Int>
    /// The number of bytes that have been read.
    private(set) var position: Int32 = 0
    private var compactAt = 1024

    /// Whether the text may end here.
    public private(set) var isComplete: Bool

    /// Whether more may follow.
    public var canContinue: Bool { !range.isEmpty }

    /// The number of open rules.
    package var openRuleCount: Int { machine.open.count }

    /// A matcher before the first byte.
    ///
    /// - Throws: ``GrammarMatchError`` where the beginning alone exceeds a budget.
    public init(_ grammar: Grammar) throws(GrammarMatchError) {
        let automaton = grammar.automaton
        machine = GrammarMachine(automaton, outermost: 0)
        machine.threads.append(.init(state: automaton.frames[0].entry, open: 0))
        range = try machine.close(from: 0, position: 0)
        isComplete = !machine.endings.isEmpty
    }

    /// Reads a byte.
    ///
    /// - Returns: whether the text follows the grammar so far. If not, the matcher stays where it is.
    /// - Throws: ``GrammarMatchError`` where a budget is spent. Then, too, the matcher stays where it is.
    @discardableResult
    public mutating func advance(_ byte: UInt8) throws(GrammarMatchError) -> Bool {
        let mark = machine.mark
        machine.allow(steps: GrammarLimits.stepsPerByte)
        let next: Range<Int>
        do {
            next = try machine.step(range, byte, position: position + 1)
        } catch {
            machine.cut(to: mark)
            throw error
        }
        guard !next.isEmpty || !machine.endings.isEmpty else {
            machine.cut(to: mark)
            return false
        }
        position += 1
        isComplete = !machine.endings.isEmpty
        machine.threads.removeSubrange(range)
        range = machine.threads.indices
        if machine.open.count > compactAt {
            range = machine.compact(range)
            compactAt = 1024 + 2 * machine.open.count
        }
        return true
    }

    /// Reads bytes one by one, up to the first that does not fit.
    ///
    /// - Returns: whether all of them did.
    @discardableResult
    public mutating func advance(_ bytes: some Sequence<UInt8>) throws(GrammarMatchError) -> Bool {
        for byte in bytes where try !advance(byte) { return false }
        return true
    }

    /// The same with the UTF-8 bytes of a text.
    @discardableResult
    public mutating func advance(_ text: String) throws(GrammarMatchError) -> Bool {
        try advance(text.utf8)
    }
}
