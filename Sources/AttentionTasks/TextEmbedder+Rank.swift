import AttentionJSON
import AttentionTensors
import AttentionTokenizers

extension TextEmbedder {
    /// A comparison of two vectors.
    public enum Similarity: String, Sendable, CaseIterable {
        /// a · b / (‖a‖ ‖b‖), −1 to 1.
        case cosine
        /// a · b
        case dot
        /// −‖a − b‖
        case euclidean
        /// −Σ |aᵢ − bᵢ|
        case manhattan

        /// The one that sentence-transformers calls so.
        init?(published name: ExactString) {
            guard let match = Self.allCases.first(where: { ExactString($0.rawValue) == name }) else {
                return nil
            }
            self = match
        }

        /// - Throws: `TensorError` for vectors that are empty.
        func callAsFunction(_ first: [Float], _ second: [Float]) throws -> Float {
            var (first, second) = (first, second)
            if self == .cosine {
                first = try Tensor(first, shape: [first.count]).normalized().scalars
                second = try Tensor(second, shape: [second.count]).normalized().scalars
            }
            let pairs = zip(first, second)
            return switch self {
            case .cosine, .dot: pairs.reduce(0) { $0 + $1.0 * $1.1 }
            case .euclidean: -pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            case .manhattan: -pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
            }
        }
    }

    /// A document and how similar it is to a query.
    public struct Match: Hashable, Sendable {
        /// The document's place in the list that was ranked.
        public let index: Int
        /// The model's ``TextEmbedder/similarity`` of the two vectors, mostly their cosine.
        public let score: Float
    }

    /// The documents by the likeness of their vectors to the query's, most similar first; documents alike
    /// keep their order.
    ///
    /// - Parameters:
    ///   - query: The text that is looked for.
    ///   - documents: The texts that are ranked.
    ///   - top: The greatest number of matches; nil: all.
    ///   - queryPrompt: What stands before the query: by default the model's prompt `query`.
    ///   - documentPrompt: What stands before each document: by default the model's prompt `document`.
    ///   - progress: Is told, from time to time, how many documents are done.
    /// - Throws: As ``embed(_:prompt:progress:)``.
    public func rank(
        query: String, documents: [String], top: Int? = nil, queryPrompt: SentencePrompt = .named("query"),
        documentPrompt: SentencePrompt = .named("document"), progress: ((Int) -> Void)? = nil
    ) throws -> [Match] {
        let wanted = try embed([query], prompt: queryPrompt, longest: queryLength)[0]
        let vectors = try embed(
            documents, prompt: documentPrompt, longest: documentLength, progress: progress)
        let matches = try vectors.enumerated().map { index, vector in
            Match(index: index, score: try similarity(wanted, vector))
        }
        let ranked = matches.sorted { ($0.score, $1.index) > ($1.score, $0.index) }
        return Array(ranked.prefix(max(top ?? ranked.count, 0)))
    }

    private func embed(
        _ texts: [String], prompt: SentencePrompt, longest: Int?, progress: ((Int) -> Void)? = nil
    ) throws -> [[Float]] {
        let skipped = try skippedTokenCount(prompt: prompt)
        let ids = try texts.map { text in
            try tokenize(text, prompt: prompt, maximumLength: min(longest ?? maximumLength, maximumLength))
                .ids
        }
        return try embed(tokens: ids, skipping: skipped, progress: progress)
    }
}
