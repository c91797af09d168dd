import AttentionJSON

/// The tokens of a model, by text and by id.
package struct Vocabulary: Sendable {
    package let trie: TokenTrie
    /// The tokens in ascending order of their ids.
    private let entries: [Entry]

    private struct Entry {
        let id: Int32
        let token: String
    }

    package var count: Int { entries.count }

    /// Reads an object of tokens and their ids.
    ///
    /// - Throws: ``TokenizerError``, also where two tokens share an id or one has two.
    package init(reading value: JSONValue) throws(TokenizerError) {
        var trie = TokenTrie()
        var entries: [Entry] = []
        entries.reserveCapacity(value.memberBound)
        var isSorted = true
        for (name, value) in try value.object() {
            let token = name.string
            let id = Int32(try value.count())
            switch trie.insert(token, value: id) {
            case .inserted: break
            case .alreadyThere: throw value.invalid("appears twice")
            case .tooLong: throw value.invalid("is longer than \(TokenTrie.longestToken) bytes")
            case .full: throw value.invalid("exceeds what a vocabulary can hold")
            }
            isSorted = isSorted && entries.last.map { $0.id < id } ?? true
            entries.append(Entry(id: id, token: token))
        }
        if !isSorted {
            entries.sort { $0.id < $1.id }
            for (previous, next) in zip(entries, entries.dropFirst()) where previous.id == next.id {
                throw value.invalid("gives the id \(next.id) to both '\(previous.token)' and '\(next.token)'")
            }
        }
        self.trie = trie
        self.entries = entries
    }

    /// Tokens in the order of their ids, from 0. Of equal tokens the last counts.
    ///
    /// - Parameter field: The name of an id's token in errors.
    /// - Throws: ``TokenizerError/invalidValue(file:field:reason:)``.
    package init(
        tokens: [some StringProtocol], file: String, field: (Int) -> String
    ) throws(TokenizerError) {
        guard tokens.count <= Int(Int32.max) else {
            throw .invalidValue(file: file, field: "tokens", reason: "are more than \(Int32.max)")
        }
        var trie = TokenTrie()
        // From the end, so that the last of equal tokens is the one that stays.
        for (index, token) in tokens.enumerated().reversed() {
            switch trie.insert(String(token), value: Int32(index)) {
            case .inserted, .alreadyThere: break
            case .tooLong:
                throw .invalidValue(
                    file: file, field: field(index),
                    reason: "is longer than \(TokenTrie.longestToken) bytes")
            case .full:
                throw .invalidValue(
                    file: file, field: field(index), reason: "exceeds what a vocabulary can hold")
            }
        }
        self.trie = trie
        entries = tokens.enumerated().map { Entry(id: Int32($0), token: String($1)) }
    }

    /// The id of a token.
    package func id(of token: String) -> Int? {
        trie.value(of: token).map { Int($0) }
    }

    /// The token of an id.
    package func token(of id: Int) -> String? {
        // Ids without gaps are the rule.
        if entries.indices.contains(id), entries[id].id == id { return entries[id].token }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if Int(entries[middle].id) < id { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && Int(entries[low].id) == id ? entries[low].token : nil
    }
}
