import AttentionJSON

/// The second stage: cuts normalised text into the words that the model looks at one by one.
///
/// A new pre-tokeniser is one file beside this one and its line in ``PreTokenizers/all``.
package protocol PreTokenizer: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    init(reading value: JSONValue) throws(TokenizerError)

    /// Cuts every word of the text further.
    ///
    /// - Throws: ``TokenizerError/patternTooCostly(pattern:steps:)``.
    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError)
}

package enum PreTokenizers {
    static let all: [any PreTokenizer.Type] = [
        BertPreTokenizer.self, ByteLevel.self, CharDelimiterSplit.self, Digits.self, Metaspace.self,
        PatternSplit.self, Punctuation.self, Whitespace.self, WhitespaceSplit.self,
        PreTokenizerSequence.self,
    ]

    package static func read(_ value: JSONValue) throws(TokenizerError) -> any PreTokenizer {
        try value.stage(among: all) { $0.type }.init(reading: value)
    }
}

/// Text with the ranges of its words, which are in order and not empty.
package struct PreTokenizedText: Sendable {
    package var scalars: AlignedText
    package var words: [Range<Int>]
    /// Whether the text is the beginning of what is encoded, with no added token before it.
    var isAtStart = true

    /// The whole text as one word.
    package init(_ scalars: AlignedText) {
        self.scalars = scalars
        words = scalars.isEmpty ? [] : [0..<scalars.count]
    }

    /// Cuts every word at the places that a pattern matches.
    mutating func split(
        by pattern: WordPattern, _ behavior: SplitBehavior, inverted: Bool = false
    ) throws(TokenizerError) {
        var cut: [Range<Int>] = []
        cut.reserveCapacity(Swift.max(words.count, scalars.count / 4))
        for word in words {
            behavior.cut(word, at: try pattern.matches(in: scalars, word), inverted: inverted, into: &cut)
        }
        words = cut
    }

    /// Writes every word anew. What stands between words is left out.
    ///
    /// - Parameter body: appends a word's new scalars to the text that it is given.
    mutating func rewrite(_ body: (_ word: AlignedText.SubSequence, _ text: inout AlignedText) -> Void) {
        var text: AlignedText = []
        text.reserveCapacity(scalars.count + scalars.count / 8 + 1)
        var rewritten: [Range<Int>] = []
        rewritten.reserveCapacity(words.count)
        for word in words {
            let start = text.count
            body(scalars[word], &text)
            if text.count > start { rewritten.append(start..<text.count) }
        }
        scalars = text
        words = rewritten
    }

    /// The place of a scalar when words are cut.
    package enum Place {
        /// The character belongs to no word.
        case outside
        /// The character is a word by itself.
        case alone
        /// The character stays together with its neighbours of the same group.
        case inside(group: UInt8)
    }

    /// Cuts every word by what `place` says of its scalars.
    package mutating func cut(by place: (Unicode.Scalar) -> Place) {
        var cut: [Range<Int>] = []
        cut.reserveCapacity(Swift.max(words.count, scalars.count / 4))
        for word in words {
            var start = word.lowerBound
            var current: UInt8?
            func finish(at index: Int) {
                if current != nil { cut.append(start..<index) }
                current = nil
            }
            for index in word {
                switch place(scalars[index].scalar) {
                case .outside: finish(at: index)
                case .alone:
                    finish(at: index)
                    cut.append(index..<index + 1)
                case .inside(let group) where group == current: break
                case .inside(let group):
                    finish(at: index)
                    current = group
                    start = index
                }
            }
            finish(at: word.upperBound)
        }
        words = cut
    }
}
