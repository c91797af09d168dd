import AttentionJSON

/// Byte-pair encoding: begins with a word's single scalars and joins, again and again, the two neighbours
/// whose merge was learnt first.
///
/// Short words look for the next merge along the word; long ones keep their merges in a queue, so that a
/// word of n scalars costs n · log n at most.
///
/// - Note: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016), section
///   3.2. With byte fallback as in Kudo and Richardson, "SentencePiece" (2018).
package struct BytePairEncoding: TokenModel {
    package static let type = "BPE"

    package let vocabulary: Vocabulary
    let merges: MergeTable
    var unknown: UnknownScalars
    var wholeWords = WholeWords.none
    /// The node of the prefix that symbols inside a word have in the vocabulary.
    var continuation = TokenTrie.root
    /// The suffix that the last symbol of a word has in the vocabulary.
    var endSuffix: [UInt8] = []
    /// Tokens that stand in the text as they are, and that merge with nothing (SentencePiece).
    var frozen: TokenTrie?
    /// Scalars that are no tokens by themselves but parts of some, and the negative numbers they merge by.
    var partIDs: [Unicode.Scalar: Int32] = [:]
    /// Whether no merge reaches over the beginning of a run of `▁`, so that text can be cut there first.
    var cutsBeforeSpaces = false

    /// The words of the vocabulary that become that token, whatever the merges say.
    enum WholeWords {
        case none
        /// Those that begin with a line break, and so hold nothing else.
        case lineBreaks
        case all
    }

    init(vocabulary: Vocabulary, merges: MergeTable, unknown: UnknownScalars) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.unknown = unknown
    }

    package func tokenize(
        _ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]
    ) throws(TokenizerError) {
        guard cutsBeforeSpaces else { return try tokenizeWord(text, range, into: &pieces) }
        var start = range.lowerBound
        for index in range.dropFirst()
        where text[index].scalar == "▁" && text[index - 1].scalar != "▁" {
            try tokenizeWord(text, start..<index, into: &pieces)
            start = index
        }
        try tokenizeWord(text, start..<range.upperBound, into: &pieces)
    }

    private func tokenizeWord(
        _ text: AlignedText, _ range: Range<Int>, into pieces: inout [Piece]
    ) throws(TokenizerError) {
        let mayBeWhole =
            switch wholeWords {
            case .none: false
            case .lineBreaks: text[range].first?.scalar == "\n"
            case .all: true
            }
        if mayBeWhole, let id = wholeWord(text, range) {
            return pieces.append(Piece(id: Int(id), range: range))
        }
        let first = pieces.count
        let allKnown = appendSymbols(of: text, range, to: &pieces)
        switch pieces.count - first {
        case ...1: break
        case ...Self.longestShortWord: mergeShortWord(&pieces, from: first)
        default: mergeLongWord(&pieces, from: first)
        }
        if !allKnown { try unknown.resolve(&pieces, from: first, in: text) }
    }

    private func wholeWord(_ text: AlignedText, _ range: Range<Int>) -> Int32? {
        var node = TokenTrie.root
        for index in range {
            guard let next = vocabulary.trie.child(of: node, scalar: text[index].scalar) else { return nil }
            node = next
        }
        let id = vocabulary.trie.value(at: node)
        return id < 0 ? nil : id
    }

    // MARK: Symbols

    /// Appends one piece for every scalar or frozen token, with a negative id for what is no token.
    ///
    /// - Returns: whether all are tokens.
    private func appendSymbols(of text: AlignedText, _ range: Range<Int>, to pieces: inout [Piece]) -> Bool {
        var allKnown = true
        var index = range.lowerBound
        while index < range.upperBound {
            if let frozen, let match = frozen.longestMatch(in: text, index..<range.upperBound) {
                pieces.append(Piece(id: Int(match.value), range: index..<match.end))
                index = match.end
                continue
            }
            let id = symbol(
                text[index].scalar, isFirst: index == range.lowerBound, isLast: index + 1 == range.upperBound)
            if id >= 0 || !unknown.areDropped {
                pieces.append(Piece(id: Int(id), range: index..<index + 1))
                if id < 0 { allKnown = false }
            }
            index += 1
        }
        return allKnown
    }

    @inline(__always)
    private func symbol(_ scalar: Unicode.Scalar, isFirst: Bool, isLast: Bool) -> Int32 {
        let trie = vocabulary.trie
        guard var node = trie.child(of: isFirst ? TokenTrie.root : continuation, scalar: scalar) else {
            return partIDs[scalar] ?? UnknownScalars.id
        }
        if isLast {
            for byte in endSuffix {
                guard let next = trie.child(of: node, byte: byte) else { return UnknownScalars.id }
                node = next
            }
        }
        let id = trie.value(at: node)
        return id >= 0 ? id : partIDs[scalar] ?? UnknownScalars.id
    }

    // MARK: Merging

    private static let longestShortWord = 32

    /// Looks along the word for every merge.
    private func mergeShortWord(_ pieces: inout [Piece], from first: Int) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.longestShortWord) { next in
            // next[i] is what the symbols i and i + 1 become.
            func lookUp(_ index: Int) {
                next[index] = merge(pieces[first + index], pieces[first + index + 1])
            }
            var pairs = pieces.count - first - 1
            for index in 0..<pairs { lookUp(index) }
            while pairs > 0 {
                var best = 0
                for index in 1..<Swift.max(pairs, 1) where next[index] >> 32 < next[best] >> 32 {
                    best = index
                }
                guard next[best] != .max else { break }
                join(&pieces, first + best, with: first + best + 1, packed: next[best])
                pieces.remove(at: first + best + 1)
                pairs -= 1
                for index in best..<Swift.max(pairs, best) { next[index] = next[index + 1] }
                if best > 0 { lookUp(best - 1) }
                if best < pairs { lookUp(best) }
            }
        }
    }

    /// Keeps the merges in a queue, and the symbols in a list, so that none is moved.
    private func mergeLongWord(_ pieces: inout [Piece], from first: Int) {
        let count = pieces.count - first
        var next = (1...count).map { Int32($0) }
        var previous = (-1..<count - 1).map { Int32($0) }
        next[count - 1] = Self.end
        var entries: [UInt64] = []
        entries.reserveCapacity(count)
        for index in 0..<count - 1 {
            let packed = merge(pieces[first + index], pieces[first + index + 1])
            if packed != .max { entries.append(Self.entry(packed, at: index)) }
        }
        var queue = MergeQueue(entries)
        while let entry = queue.pop() {
            let left = Int(truncatingIfNeeded: entry & 0xFFFF_FFFF)
            let right = Int(next[left])
            guard right >= 0 else { continue }
            let packed = merge(pieces[first + left], pieces[first + right])
            // The symbol may have changed since the merge was put in the queue.
            guard packed != .max, Self.entry(packed, at: left) == entry else { continue }
            join(&pieces, first + left, with: first + right, packed: packed)
            next[left] = next[right]
            next[right] = Self.gone
            if next[left] >= 0 {
                let after = Int(next[left])
                previous[after] = Int32(left)
                let packed = merge(pieces[first + left], pieces[first + after])
                if packed != .max { queue.push(Self.entry(packed, at: left)) }
            }
            if previous[left] >= 0 {
                let before = Int(previous[left])
                let packed = merge(pieces[first + before], pieces[first + left])
                if packed != .max { queue.push(Self.entry(packed, at: before)) }
            }
        }
        var kept = first
        for index in 0..<count where next[index] != Self.gone {
            pieces[kept] = pieces[first + index]
            kept += 1
        }
        pieces.removeLast(pieces.count - kept)
    }

    private static let end: Int32 = -1
    private static let gone: Int32 = -2

    private static func entry(_ packed: UInt64, at index: Int) -> UInt64 {
        packed & 0xFFFF_FFFF_0000_0000 | UInt64(index)
    }

    @inline(__always)
    private func merge(_ left: Piece, _ right: Piece) -> UInt64 {
        merges.packed(Int32(truncatingIfNeeded: left.id), Int32(truncatingIfNeeded: right.id))
    }

    @inline(__always)
    private func join(_ pieces: inout [Piece], _ left: Int, with right: Int, packed: UInt64) {
        let id = Int32(bitPattern: UInt32(truncatingIfNeeded: packed))
        pieces[left] = Piece(
            id: Int(id), range: pieces[left].range.lowerBound..<pieces[right].range.upperBound)
    }
}
