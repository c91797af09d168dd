import Attention
import AttentionModels
import AttentionTensors

/// The perplexity of a text: exp of the mean of −log p(token | tokens before).
public struct Perplexity: Hashable, Sendable {
    /// The number of tokens that were scored.
    public private(set) var tokens = 0
    /// Σ −log p
    public private(set) var negativeLogLikelihood = 0.0
    private var squares = 0.0

    /// The pieces into which a text is cut, and the tokens of each that are scored.
    public enum Windows: Hashable, Sendable {
        /// Windows of `length` tokens, each `stride` behind the one before; of each, the tokens are scored
        /// that none before has scored. Every token but the first is scored, with at least `length − stride`
        /// before it where the text has them (transformers' definition).
        case sliding(length: Int, stride: Int)
        /// Windows of `length` tokens side by side, the first of which becomes the token that texts begin
        /// with, if there is one; of each, the second half is scored. What is left at the end is not
        /// (llama.cpp's definition).
        case halves(length: Int)
    }

    /// exp(Σ −log p / tokens)
    public var value: Double { Double.exp(negativeLogLikelihood / Double(tokens)) }

    /// The standard error of ``value``, to first order, as if tokens were independent.
    public var standardError: Double {
        guard tokens > 1 else { return .nan }
        let mean = negativeLogLikelihood / Double(tokens)
        let variance = max(squares / Double(tokens) - mean * mean, 0)
        return value * (variance / Double(tokens - 1)).squareRoot()
    }

    mutating func add(_ logProbability: Float) {
        tokens += 1
        negativeLogLikelihood -= Double(logProbability)
        squares += Double(logProbability) * Double(logProbability)
    }
}

extension Perplexity.Windows {
    /// The tokens that are read, and the first of them that is scored.
    struct Window: Hashable {
        let read: Range<Int>
        let scored: Range<Int>
    }

    func windows(of count: Int) -> [Window] {
        switch self {
        case .sliding(let length, let stride):
            var (windows, scored): ([Window], Int) = ([], 1)
            for start in Swift.stride(from: 0, to: max(count, 1), by: stride) {
                let end = min(start + length, count)
                if scored < end { windows.append(Window(read: start..<end, scored: scored..<end)) }
                scored = max(scored, end)
                if end == count { break }
            }
            return windows
        case .halves(let length):
            return (0..<count / length).map { index in
                let start = index * length
                return Window(read: start..<start + length, scored: start + length / 2 + 1..<start + length)
            }
        }
    }

    var length: Int {
        switch self {
        case .sliding(let length, _), .halves(let length): length
        }
    }

    /// The number of tokens of the shortest text that has a token to score.
    var shortestText: Int {
        switch self {
        case .sliding: 2
        case .halves(let length): length
        }
    }

    func check(longest: Int) throws(GenerationError) {
        // Half of three tokens has one to score.
        guard (3...max(longest, 3)).contains(length) else {
            throw .invalidOption(
                name: "the window", expected: "3 to \(longest), which the model was made for",
                found: "\(length)")
        }
        if case .sliding(let length, let stride) = self, !(1...length).contains(stride) {
            throw .invalidOption(
                name: "the stride", expected: "1 to \(length), the window", found: "\(stride)")
        }
    }
}

extension LanguageModel {
    /// The model's perplexity on a text.
    ///
    /// - Parameters:
    ///   - tokens: The text, with the token that texts begin with if the model has one.
    ///   - windows: How it is cut.
    ///   - beginToken: The token that takes the first place of a window where `windows` says so; nil: none
    ///     does.
    ///   - storage: How keys and values are kept.
    ///   - progress: Is told after each chunk how many windows of how many are done, and the perplexity so
    ///     far; what it throws ends the work.
    /// - Throws: ``GenerationError``, also where the text is too short to score a token; `TensorError`;
    ///   `CancellationError` in a task that was cancelled.
    public func perplexity(
        of tokens: [Int], windows: Perplexity.Windows, beginToken: Int? = nil,
        storage: KeyValueStorage = .float32,
        progress: (_ done: Int, _ total: Int, _ soFar: Perplexity) throws -> Void = { _, _, _ in }
    ) throws -> Perplexity {
        try windows.check(longest: decoder.configuration.longestSequence)
        let pieces = windows.windows(of: tokens.count)
        guard !pieces.isEmpty else {
            throw GenerationError.textTooShort(tokens: tokens.count, expected: windows.shortestText)
        }
        var perplexity = Perplexity()
        for (index, piece) in pieces.enumerated() {
            var run = Array(tokens[piece.read])
            if case .halves = windows, let beginToken { run[0] = beginToken }
            let first = piece.scored.lowerBound - piece.read.lowerBound
            try score(run, from: first, storage) { perplexity.add($0) }
            try progress(index + 1, pieces.count, perplexity)
        }
        return perplexity
    }

    /// Calls `body` with the log-probabilities of the tokens from `first` on.
    private func score(
        _ run: [Int], from first: Int, _ storage: KeyValueStorage, _ body: (Float) -> Void
    ) throws {
        var cache = try decoder.makeCache(capacity: run.count, storage: storage)
        for chunk in PromptChunks(run.count, by: decoder, logits: .all) {
            if Task.isCancelled { throw CancellationError() }
            // A token is foreseen by the one before it: where none is to be scored, no logits are needed.
            let isScored = chunk.upperBound >= first
            let logits = try decoder(Array(run[chunk]), cache: &cache, logits: isScored ? .all : .none)
            guard isScored else { continue }
            for (row, position) in chunk.enumerated() where position + 1 >= first && position + 1 < run.count
            {
                body(
                    try logits.withRow(row) { try TokenLogProbability(of: run[position + 1], in: $0) }
                        .logProbability)
            }
        }
    }
}
