import AttentionModels

/// The runs in which a prompt is read, so that memory does not grow with its length.
struct PromptChunks: Sequence, IteratorProtocol {
    private let count: Int
    private var start: Int
    private let length: Int

    /// - Parameters:
    ///   - count: The number of the prompt's tokens.
    ///   - start: The number of those that were read already.
    ///   - model: The model that reads them.
    ///   - logits: The tokens whose logits are wanted: their memory is bounded, too.
    init(_ count: Int, from start: Int = 0, by model: some StepModel, logits: LogitRows = .last) {
        self.count = count
        self.start = start
        length =
            logits == .all ? Swift.min(model.promptChunk, model.longestScoredRun) : model.promptChunk
    }

    /// The end of the next piece of a prompt: its own end, or a position where it may be cut.
    ///
    /// - Parameters:
    ///   - start: The number of tokens that were read already.
    ///   - count: The number of the prompt's tokens.
    ///   - most: The most tokens of the piece.
    ///   - cutLength: The length at whose multiples the prompt may be cut.
    /// - Returns: nil if no piece is so short.
    static func end(from start: Int, of count: Int, most: Int, cutLength: Int) -> Int? {
        guard count - start > most else { return count }
        let end = (start + most) / cutLength * cutLength
        return end > start ? end : nil
    }

    mutating func next() -> Range<Int>? {
        guard start < count else { return nil }
        // Prompts may be cut at multiples of the length alone.
        let end = Swift.min(count, (start / length + 1) * length)
        defer { start = end }
        return start..<end
    }
}
