/// A context-free grammar, ready for matching.
///
/// ```
/// let grammar = try Grammar(#"""
///     root ::= "yes" | "no" | number
///     number ::= [1-9] [0-9]{0,5}
///     """#)
/// try grammar.matches("42")                       // true
/// let schema = try Grammar(jsonSchema: #"{"type": "object", "properties": {"name": {"type": "string"}}}"#)
/// ```
///
/// The notation is that of llama.cpp's grammars (GBNF): rules `name ::= …`, texts in quotes, sets of
/// characters such as `[a-z]` and `[^\n]`, `.` for any character, groups, `|`, the repetitions `*`, `+`, `?`,
/// `{m}`, `{m,}` and `{m,n}`, comments from `#` on, and the escapes `\n`, `\r`, `\t`, `\\`, `\"`, `\[`, `\]`,
/// `\xXX`, `\uXXXX` and `\UXXXXXXXX`. A rule may refer to itself in any place, also at its beginning.
///
/// Reading a grammar takes bounded time and memory (``GrammarLimits``), whatever it says.
public struct Grammar: Sendable {
    let automaton: GrammarAutomaton

    /// Reads a grammar.
    ///
    /// - Parameters:
    ///   - text: the rules.
    ///   - root: the rule that whole texts follow.
    /// - Throws: ``GrammarError``, with line and column.
    public init(_ text: String, root: String = "root") throws(GrammarError) {
        var reader = try GrammarReader(text)
        let rule = try reader.read(root: root)
        automaton = try GrammarAutomaton(reader.table, root: rule)
    }

    init(_ table: ExpressionTable, root: Int) throws(GrammarError) {
        automaton = try GrammarAutomaton(table, root: root)
    }

    /// Whether a whole text follows the grammar.
    ///
    /// - Throws: ``GrammarMatchError`` where a budget is spent.
    public func matches(_ text: String) throws(GrammarMatchError) -> Bool {
        var matcher = try GrammarMatcher(self)
        return try matcher.advance(text) && matcher.isComplete
    }
}
