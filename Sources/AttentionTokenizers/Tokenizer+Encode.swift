import AttentionJSON

extension Tokenizer {
    /// Makes tokens of a text, or of a pair of texts.
    ///
    /// The work grows linearly with the length of the text.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - pair: a second text, for models that look at two.
    ///   - addSpecialTokens: whether the tokens are added that the model expects around texts.
    ///   - maxLength: the greatest number of tokens, with the added ones; nil does not cut.
    ///     ``truncation`` has what the tokenizer's file says.
    ///   - strategy: which text of a pair is cut.
    ///   - side: at which end tokens are dropped.
    /// - Throws: ``TokenizerError/textTooLong(bytes:limit:)``;
    ///   ``TokenizerError/cannotTruncate(maxLength:reason:)``; ``TokenizerError/unknownText(_:)``;
    ///   ``TokenizerError/patternTooCostly(pattern:steps:)``.
    public func encode(
        _ text: String, pair: String? = nil, addSpecialTokens: Bool = true, maxLength: Int? = nil,
        strategy: Truncation.Strategy = .longestFirst, side: Truncation.Side = .right
    ) throws(TokenizerError) -> Encoding {
        let template = template(isPair: pair != nil)
        let cut = maxLength.map { Truncation(maxLength: $0, strategy: strategy, side: side) }
        let room = try cut.map { cut throws(TokenizerError) in
            try roomForText(in: cut, template: template, addSpecialTokens: addSpecialTokens)
        }
        // The lengths of both texts decide which is cut, so both are tokenized whole.
        let isCut = pair == nil && strategy != .onlySecond
        var first = try tokenize(text, limit: isCut ? room : nil, side: side)
        var second = try pair.map { text throws(TokenizerError) in
            try tokenize(text, limit: nil, side: side)
        }
        postProcessor?.trimming?.trim(&first)
        if let trimming = postProcessor?.trimming, var tokens = second {
            trimming.trim(&tokens)
            second = tokens
        }
        var sequences = [first[...]] + (second.map { [$0[...]] } ?? [])
        if let cut, let room {
            let lengths = try cut.lengths(of: (first.count, second?.count), room: room)
            for (index, length) in [lengths.first, lengths.second].enumerated() {
                guard let length else { continue }
                sequences[index] =
                    side == .right ? sequences[index].prefix(length) : sequences[index].suffix(length)
            }
        }
        return template.apply(to: sequences, addingSpecialTokens: addSpecialTokens)
    }

    /// Makes tokens of a conversation.
    ///
    /// The tokens are those of ``ChatPrompt/text``, and none is added: a template writes the begin token
    /// itself. But in the parts that come from messages, tools and documents special tokens are not looked
    /// for, so that a message cannot end itself, or begin another one, by `<|im_end|>`. Added tokens
    /// that are not special, such as `<think>` mostly is, are found everywhere, as they only stand for their
    /// text.
    ///
    /// - Throws: as ``encode(_:pair:addSpecialTokens:maxLength:strategy:side:)``.
    public func encode(_ prompt: ChatPrompt) throws(TokenizerError) -> Encoding {
        let words = try cutIntoWords(prompt.text, of: prompt)
        var tokens = try tokenize(words, in: words.indices, limit: nil)
        postProcessor?.trimming?.trim(&tokens)
        return Template.plainSingle.apply(to: [tokens[...]], addingSpecialTokens: false)
    }

    private func template(isPair: Bool) -> Template {
        guard let templates = postProcessor?.templates else {
            return isPair ? .plainPair : .plainSingle
        }
        return isPair ? templates.pair : templates.single
    }

    private func roomForText(
        in truncation: Truncation, template: Template, addSpecialTokens: Bool
    ) throws(TokenizerError) -> Int {
        let maxLength = truncation.maxLength
        guard maxLength >= 0 else {
            throw .cannotTruncate(maxLength: maxLength, reason: "a length cannot be negative")
        }
        let added = addSpecialTokens ? template.specialCount : 0
        guard added <= maxLength else {
            throw .cannotTruncate(maxLength: maxLength, reason: "the special tokens alone are \(added)")
        }
        return maxLength - added
    }

    // MARK: One text

    /// The tokens of one text.
    ///
    /// - Parameter limit: of more tokens than this only those matter that stand at the other side than
    ///   `side`. Words behind them are not looked at.
    private func tokenize(
        _ text: String, limit: Int?, side: Truncation.Side
    ) throws(TokenizerError) -> [SequenceToken] {
        let words = try cutIntoWords(text)
        guard let limit, side == .left else {
            return try tokenize(words, in: words.indices, limit: limit)
        }
        var groups: [[SequenceToken]] = []
        var count = 0
        for index in words.indices.reversed() where count < limit {
            groups.append(try tokenize(words, in: index..<index + 1, limit: nil))
            count += groups[groups.count - 1].count
        }
        return Array(groups.reversed().joined())
    }

    private func tokenize(
        _ words: Words, in range: Range<Int>, limit: Int?
    ) throws(TokenizerError) -> [SequenceToken] {
        var tokens: [SequenceToken] = []
        tokens.reserveCapacity(Swift.min(limit ?? .max, range.count))
        var pieces: [Piece] = []
        let (vocabulary, surfaceID) = (model.vocabulary, model.surfaceID)
        for index in range {
            if let limit, tokens.count >= limit { break }
            let word = words.words[index]
            if let token = word.token {
                let text = words.scalars[word.range]
                tokens.append(
                    SequenceToken(
                        id: token.id, text: text.string, offset: words.offset(of: word.range), word: index))
                continue
            }
            pieces.removeAll(keepingCapacity: true)
            try model.tokenize(words.scalars, word.range, into: &pieces)
            if let prompt = words.prompt { try hideSpecialTokens(in: &pieces, of: words, prompt) }
            for piece in pieces {
                let text =
                    piece.id == surfaceID
                    ? words.scalars[piece.range].string : vocabulary.token(of: piece.id) ?? ""
                tokens.append(
                    SequenceToken(
                        id: piece.id, text: text, offset: words.offset(of: piece.range), word: index))
            }
        }
        return tokens
    }

    /// Cuts up special tokens that the vocabulary has as ordinary pieces, where they are content.
    private func hideSpecialTokens(
        in pieces: inout [Piece], of words: Words, _ prompt: ChatPrompt
    ) throws(TokenizerError) {
        func isHidden(_ piece: Piece) -> Bool {
            guard piece.range.count > 1, let token = added.token(of: piece.id), token.isSpecial else {
                return false
            }
            // A token for what is unknown stands for other text than its own.
            return ExactString(words.scalars[piece.range].string) == token.exactContent
                && prompt.hasContent(in: words.offset(of: piece.range))
        }
        guard pieces.contains(where: isHidden) else { return }
        var cut: [Piece] = []
        for piece in pieces {
            guard isHidden(piece) else {
                cut.append(piece)
                continue
            }
            let middle = piece.range.lowerBound + 1
            try model.tokenize(words.scalars, piece.range.lowerBound..<middle, into: &cut)
            try model.tokenize(words.scalars, middle..<piece.range.upperBound, into: &cut)
        }
        pieces = cut
    }

    /// Normalised text, cut into words and added tokens.
    private struct Words {
        var scalars: AlignedText = []
        var words: [(range: Range<Int>, token: AddedToken?)] = []
        /// The conversation that the text is from, if it is from one.
        let prompt: ChatPrompt?

        var indices: Range<Int> { words.indices }

        /// The bytes of the original text that a stretch of the normalised text stands for.
        func offset(of range: Range<Int>) -> Range<Int> {
            let start = Int(scalars[range.lowerBound].start)
            return start..<Swift.max(start, Int(scalars[range.upperBound - 1].end))
        }

        mutating func append(_ text: PreTokenizedText, token: AddedToken? = nil) {
            let shift = scalars.count
            if shift == 0 { scalars = text.scalars } else { scalars += text.scalars }
            for word in text.words {
                words.append((word.lowerBound + shift..<word.upperBound + shift, token))
            }
        }
    }

    private func cutIntoWords(
        _ text: String, of prompt: ChatPrompt? = nil
    ) throws(TokenizerError) -> Words {
        var words = Words(prompt: prompt)
        let original = try AlignedText(text)
        for stretch in added.written.stretches(of: original, in: prompt) {
            let isWhole = stretch.range.count == original.count
            let part = isWhole ? original : AlignedText(original[stretch.range])
            if let token = stretch.token {
                words.append(PreTokenizedText(part), token: token)
            } else {
                try appendWords(of: part, in: prompt, to: &words)
            }
        }
        return words
    }

    /// Normalises text that holds no added token as it is written, and cuts it into words.
    private func appendWords(
        of text: AlignedText, in prompt: ChatPrompt?, to words: inout Words
    ) throws(TokenizerError) {
        let isAtStart = text.first?.start == 0
        var text = text
        try normalizer?.normalize(&text)
        for stretch in added.normalized.stretches(of: text, in: prompt) {
            let isWhole = stretch.range.count == text.count
            var part = PreTokenizedText(isWhole ? text : AlignedText(text[stretch.range]))
            part.isAtStart = isAtStart && stretch.range.lowerBound == 0
            if stretch.token == nil { try preTokenizer?.preTokenize(&part) }
            words.append(part, token: stretch.token)
        }
    }
}
