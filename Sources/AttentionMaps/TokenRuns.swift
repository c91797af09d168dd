import AttentionJSON

/// Neighbouring tokens that share a row or column of a map.
struct TokenRuns {
    /// The runs, in order and without gaps, as places in the whole text.
    let ranges: [Range<Int>]

    /// Divides tokens into at most `limit` runs.
    ///
    /// Where the limit allows it, a run holds special tokens alone or ordinary ones alone, the first token of
    /// the text, which often takes most of the weight, stands alone, and no run crosses `border`.
    ///
    /// - Parameters:
    ///   - tokens: The tokens; their indices are their places in the text.
    ///   - limit: The most runs; positive.
    ///   - border: A place at which a run begins.
    init(_ tokens: ArraySlice<AttentionMap.Token>, limit: Int, border: Int? = nil) {
        guard tokens.count > limit else {
            ranges = tokens.indices.map { $0..<$0 + 1 }
            return
        }
        var starts: [Int] = []
        for index in tokens.indices {
            let changes =
                index == tokens.startIndex || index == 1 || index == border
                || tokens[index].isSpecial != tokens[index - 1].isSpecial
            if changes { starts.append(index) }
        }
        let segments = zip(starts, starts.dropFirst() + [tokens.endIndex]).map { $0..<$1 }
        guard segments.count <= limit else {
            ranges = Self.parts(of: tokens.indices, count: limit)
            return
        }
        // One run for each segment; the others go to long segments of ordinary tokens, in proportion.
        let room = limit - segments.count
        func extra(_ segment: Range<Int>) -> Int {
            tokens[segment.lowerBound].isSpecial ? 0 : segment.count - 1
        }
        let wanted = max(1, segments.reduce(0) { $0 + extra($1) })
        ranges = segments.flatMap { segment in
            Self.parts(of: segment, count: 1 + min(extra(segment), room * extra(segment) / wanted))
        }
    }

    /// The run that holds a token.
    func index(of token: Int) -> Int? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= token { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(token) ? low : nil
    }

    /// The place of the first of these runs among others, if all of these are among them.
    func offset(in others: TokenRuns) -> Int? {
        guard let first = ranges.first, let start = others.ranges.firstIndex(of: first),
            others.ranges[start...].starts(with: ranges)
        else { return nil }
        return start
    }

    /// Parts of nearly equal length.
    private static func parts(of range: Range<Int>, count: Int) -> [Range<Int>] {
        (0..<count).map { part in
            range.lowerBound + part * range.count / count..<range.lowerBound + (part + 1) * range.count
                / count
        }
    }
}

extension AttentionMap.Token {
    /// A run of tokens as one; special if all are. Pieces of one word are joined without a space.
    init(joining run: ArraySlice<Self>) {
        guard run.count != 1, let first = run.first else {
            self = run.first ?? Self("")
            return
        }
        // Where tokens bring their own spaces, one without a space goes on with a word.
        let bringSpaces = run.contains { $0.text.first?.isWhitespace ?? false }
        var text = first.text
        for token in run.dropFirst() {
            if let piece = ExactString(token.text).dropping(prefix: "##") {
                text += piece
            } else {
                text += bringSpaces ? token.text : " " + token.text
            }
        }
        self.init(text, isSpecial: run.allSatisfy(\.isSpecial))
    }
}
