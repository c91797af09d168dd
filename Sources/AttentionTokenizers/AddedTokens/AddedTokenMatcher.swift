/// Finds added tokens in text: at every place the longest one, from left to right.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text: an added token, or what stands between two of them.
    struct Stretch {
        let range: Range<Int>
        let token: AddedToken?
    }

    private var trie = TokenTrie()
    private var tokens: [AddedToken] = []
    /// Whether any token begins with this byte.
    private var begins = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { tokens.isEmpty }

    /// - Parameter form: the text to look for; an empty one is never found.
    mutating func insert(_ token: AddedToken, form: String) -> TokenTrie.InsertionResult {
        guard let first = form.utf8.first else { return .inserted }
        let result = trie.insert(form, value: Int32(tokens.count))
        if result == .inserted {
            tokens.append(token)
            begins[Int(first)] = true
        }
        return result
    }

    /// Cuts a text into its added tokens and the rest. The stretches cover the whole text.
    ///
    /// - Parameter prompt: the text's origin: special tokens are not looked for in its content.
    func stretches(of text: AlignedText, in prompt: ChatPrompt? = nil) -> [Stretch] {
        guard !tokens.isEmpty else { return [Stretch(range: 0..<text.count, token: nil)] }
        var stretches: [Stretch] = []
        var done = 0
        var index = 0
        while index < text.count {
            guard let (token, matchEnd) = longestToken(in: text, at: index, of: prompt) else {
                index += 1
                continue
            }
            let match = index..<matchEnd
            index = matchEnd
            guard !token.isSingleWord || standsAlone(match, in: text) else { continue }
            let range = widen(match, for: token, in: text, from: done)
            // White space that an earlier token took may hold further tokens; it is not cut twice.
            guard range.upperBound > done else { continue }
            if done < range.lowerBound {
                stretches.append(Stretch(range: done..<range.lowerBound, token: nil))
            }
            stretches.append(Stretch(range: range, token: token))
            done = range.upperBound
        }
        if done < text.count { stretches.append(Stretch(range: done..<text.count, token: nil)) }
        return stretches
    }

    private func longestToken(
        in text: AlignedText, at start: Int, of prompt: ChatPrompt?
    ) -> (token: AddedToken, end: Int)? {
        let first = text[start].scalar
        guard begins[Int(UTF8.encode(first)?.first ?? 0)] else { return nil }
        var end = text.count
        while let match = trie.longestMatch(in: text, start..<end) {
            let token = tokens[Int(match.value)]
            let bytes = Int(text[start].start)..<Int(text[match.end - 1].end)
            guard token.isSpecial, let prompt, prompt.hasContent(in: bytes) else { return (token, match.end) }
            // Content holds no special tokens; a shorter token may still stand here.
            end = match.end - 1
        }
        return nil
    }

    private func standsAlone(_ match: Range<Int>, in text: AlignedText) -> Bool {
        let touchesBefore = match.lowerBound > 0 && text[match.lowerBound - 1].scalar.has(.word)
        let touchesAfter = match.upperBound < text.count && text[match.upperBound].scalar.has(.word)
        return !touchesBefore && !touchesAfter
    }

    private func widen(
        _ match: Range<Int>, for token: AddedToken, in text: AlignedText, from done: Int
    ) -> Range<Int> {
        var start = Swift.max(match.lowerBound, done)
        var end = match.upperBound
        if token.stripsLeft {
            while start > done, text[start - 1].scalar.has(.whitespace) { start -= 1 }
        }
        if token.stripsRight {
            while end < text.count, text[end].scalar.has(.whitespace) { end += 1 }
        }
        return start..<Swift.max(start, end)
    }
}
