import Synchronization

/// The tables of a grammar's states for a vocabulary, each made when it is first asked for.
final class TokenTables: Sendable {
    let automaton: GrammarAutomaton
    private let vocabulary: TokenVocabulary

    private struct State {
        var tables: [TokenTable.Key: TokenTable] = [:]
        var byteCount = 0
        var sets: [[Int32]: [UInt64]] = [:]
    }

    private let state = Mutex(State())
    private static let greatestByteCount = 256 << 20
    private static let greatestSetByteCount = 64 << 20

    init(_ automaton: GrammarAutomaton, _ vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
    }

    func table(_ key: TokenTable.Key) throws(GrammarMatchError) -> TokenTable {
        if let known = state.withLock({ $0.tables[key] }) { return known }
        // Made outside the lock: another thread that needs it meanwhile makes the same table.
        let table = try TokenTable(key, automaton, vocabulary)
        state.withLock { state in
            if state.byteCount + table.byteCount > Self.greatestByteCount {
                (state.tables, state.byteCount) = ([:], 0)
            }
            state.tables[key] = table
            state.byteCount += table.byteCount
        }
        return table
    }

    // MARK: Whole sets

    /// The allowed tokens of a configuration that has been remembered.
    func set(of configuration: [Int32]) -> [UInt64]? { state.withLock { $0.sets[configuration] } }

    /// Remembers the allowed tokens of a configuration, which comes up again in every element of a list.
    func remember(_ set: [UInt64], of configuration: [Int32]) {
        state.withLock { state in
            if (state.sets.count + 1) * set.count * 8 > Self.greatestSetByteCount { state.sets = [:] }
            state.sets[configuration] = set
        }
    }
}
