/// Looks for strings at which a text ends, while the text comes in pieces: what may be the beginning of one
/// is held back until it is decided.
///
/// Each string is matched byte by byte by the automaton of Knuth, Morris and Pratt, so that the work is
/// linear in the text whatever the strings. The match that ends first counts; of those that end together, the
/// longest.
package struct StopMatcher: Sendable {
    private var patterns: [Pattern]
    /// The text that is held back: the beginning of the longest match so far.
    private var held: [UInt8] = []

    private struct Pattern: Sendable {
        let text: String
        let bytes: [UInt8]
        /// For each number of bytes matched, how many are matched still where the next one does not follow.
        let fallback: [Int]
        var matched = 0

        init(_ text: String) {
            self.text = text
            bytes = Array(text.utf8)
            var fallback = [0, 0]
            var length = 0
            for index in bytes.indices.dropFirst() {
                while length > 0, bytes[index] != bytes[length] { length = fallback[length] }
                if bytes[index] == bytes[length] { length += 1 }
                fallback.append(length)
            }
            self.fallback = fallback
        }

        /// - Returns: Whether the string is complete.
        mutating func accept(_ byte: UInt8) -> Bool {
            if matched == bytes.count { matched = fallback[matched] }
            while matched > 0, bytes[matched] != byte { matched = fallback[matched] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    /// - Throws: ``GenerationError/invalidOption(name:expected:found:)`` for an empty string.
    package init(_ strings: [String]) throws(GenerationError) {
        guard !strings.contains(where: \.isEmpty) else {
            throw .invalidOption(
                name: "a stop string", expected: "at least one character", found: "empty")
        }
        // The longest first: it counts where several end together.
        patterns = strings.sorted { $0.utf8.count > $1.utf8.count }.map(Pattern.init)
    }

    /// The text that is settled by the next piece, and the string at which it ends, if it does.
    package mutating func append(_ piece: String) -> (text: String, match: String?) {
        guard !patterns.isEmpty else { return (piece, nil) }
        for byte in piece.utf8 {
            held.append(byte)
            var match: String?
            for index in patterns.indices where patterns[index].accept(byte) {
                match = match ?? patterns[index].text
            }
            guard let match else { continue }
            let text = String(decoding: held.dropLast(match.utf8.count), as: UTF8.self)
            held = []
            return (text, match)
        }
        let kept = patterns.reduce(0) { max($0, $1.matched) }
        let text = String(decoding: held.dropLast(kept), as: UTF8.self)
        held.removeFirst(held.count - kept)
        return (text, nil)
    }

    /// The text that was held back.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
