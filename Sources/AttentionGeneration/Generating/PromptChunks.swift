import AttentionModels

/// The runs in which a prompt is read, so that memory does not grow with its length.
struct PromptChunks: Sequence, IteratorProtocol {
    private let count: Int
    private var start: Int
    private let length: Int

    /// - Parameters:
    ///   - count: The tokens of the prompt.
    ///   - start: How many were read already.
    ///   - model: Who reads them.
    ///   - logits: Of which tokens the logits are wanted: their memory is bounded, too.
    init(
        _ count: Int, from start: Int = 0, by model: TransformerConfiguration,
        logits: LogitRows = .last
    ) {
        self.count = count
        self.start = start
        // 16 M logits are 64 MB.
        let mostLogits = logits == .all ? Swift.max(16, (1 << 24) / Swift.max(model.vocabulary, 1)) : .max
        length = Swift.min(model.promptChunk, mostLogits)
    }

    mutating func next() -> Range<Int>? {
        guard start < count else { return nil }
        // From multiples of the length on, wherever the reading began: a prompt whose beginning was read
        // before is cut like one that was not.
        let end = Swift.min(count, (start / length + 1) * length)
        defer { start = end }
        return start..<end
    }
}
