import Synchronization

/// The tables of a grammar's states for a vocabulary, each made when it is first asked for.
final class TokenTables: Sendable {
    let automaton: GrammarAutomaton
    private let vocabulary: TokenVocabulary

    private struct State {
        var tables: [TokenTable.Key: TokenTable] = [:]
        var byteCount = 0
    }

    private let state = Mutex(State())
    private static let greatestByteCount = 256 << 20

    init(_ automaton: GrammarAutomaton, _ vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
    }

    func table(_ key: TokenTable.Key) throws(GrammarMatchError) -> TokenTable {
        if let known = state.withLock({ $0.tables[key] }) { return known }
        // Made outside the lock: whoever else needs it meanwhile makes the same one.
        let table = try TokenTable(key, automaton, vocabulary)
        state.withLock { state in
            if state.byteCount + table.byteCount > Self.greatestByteCount { state = State() }
            state.tables[key] = table
            state.byteCount += table.byteCount
        }
        return table
    }
}
