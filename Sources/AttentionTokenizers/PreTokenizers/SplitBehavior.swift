import AttentionJSON

/// The treatment of the places where a word is cut.
enum SplitBehavior: String, CaseIterable {
    /// Matches belong to no word.
    case removed = "Removed"
    /// Each is a word by itself.
    case isolated = "Isolated"
    /// Each ends the word before it.
    case mergedWithPrevious = "MergedWithPrevious"
    /// Each begins the word after it.
    case mergedWithNext = "MergedWithNext"
    /// Neighbouring ones are one word.
    case contiguous = "Contiguous"

    init(reading field: JSONValue) throws(TokenizerError) {
        self = try field.name(of: Self.self)
    }

    /// Appends the parts of a word.
    ///
    /// - Parameters:
    ///   - matches: places in the word, in order and without overlap.
    ///   - inverted: whether the places are meant that lie between the matches.
    func cut(
        _ word: Range<Int>, at matches: [Range<Int>], inverted: Bool, into words: inout [Range<Int>]
    ) {
        let first = words.count
        var done = word.lowerBound
        // Whether the part before was one of the places.
        var wasPlace = false
        func append(_ range: Range<Int>, isPlace: Bool) {
            if range.isEmpty { return }
            let joins =
                switch self {
                case .mergedWithPrevious: isPlace && !wasPlace
                case .mergedWithNext: wasPlace && !isPlace
                case .contiguous: isPlace == wasPlace
                case .removed, .isolated: false
                }
            wasPlace = isPlace
            if self == .removed, isPlace { return }
            if joins, words.count > first {
                words[words.count - 1] = words[words.count - 1].lowerBound..<range.upperBound
            } else {
                words.append(range)
            }
        }
        for match in matches {
            append(done..<match.lowerBound, isPlace: inverted)
            append(match, isPlace: !inverted)
            done = match.upperBound
        }
        append(done..<word.upperBound, isPlace: inverted)
    }
}
