import AttentionTensors

extension TextEmbedder {
    /// A document and how similar it is to a query.
    public struct Match: Hashable, Sendable {
        /// The document's place in the list that was ranked.
        public let index: Int
        /// The cosine of the two vectors, −1 to 1.
        public let score: Float
    }

    /// The documents by the cosine of their vectors with the query's, most similar first; documents alike
    /// keep their order.
    ///
    /// - Parameters:
    ///   - query: What is looked for.
    ///   - documents: What is ranked.
    ///   - top: How many to return at most; nil: all.
    ///   - progress: Is told, from time to time, how many documents are done.
    /// - Throws: as ``embed(_:progress:)``.
    public func rank(
        query: String, documents: [String], top: Int? = nil, progress: ((Int) -> Void)? = nil
    ) throws -> [Match] {
        let wanted = try Tensor(embed([query])[0], shape: [width]).normalized().scalars
        let vectors = try embed(documents, progress: progress).map {
            try Tensor($0, shape: [width]).normalized().scalars
        }
        let matches = vectors.enumerated().map { index, vector in
            Match(index: index, score: zip(wanted, vector).reduce(into: 0) { $0 += $1.0 * $1.1 })
        }
        let ranked = matches.sorted { ($0.score, $1.index) > ($1.score, $0.index) }
        return Array(ranked.prefix(max(top ?? ranked.count, 0)))
    }
}
