/// The runs in which a prompt is read, so that memory does not grow with its length.
struct PromptChunks: Sequence, IteratorProtocol {
    private let count: Int
    private var start: Int
    private let length: Int

    /// - Parameters:
    ///   - count: The tokens of the prompt.
    ///   - start: How many were read already.
    ///   - vocabulary: V, where the logits of all tokens are wanted: their memory is bounded, too; else nil.
    init(_ count: Int, from start: Int = 0, vocabulary: Int?) {
        self.count = count
        self.start = start
        let longest = 512
        // 16 M logits are 64 MB.
        length = vocabulary.map { Swift.max(16, Swift.min(longest, (1 << 24) / Swift.max($0, 1))) } ?? longest
    }

    mutating func next() -> Range<Int>? {
        guard start < count else { return nil }
        // From multiples of the length on, wherever the reading began: a prompt whose beginning was read before is cut
        // like one that was not.
        let end = Swift.min(count, (start / length + 1) * length)
        defer { start = end }
        return start..<end
    }
}
