import Attention
import AttentionModels
import AttentionTensors

extension AttentionMap {
    /// The map of a long text in small: what stands for a token is a run of tokens, and a weight says how
    /// much of the run's new vectors, on average, comes from another run. Every row sums to 1, so that all
    /// views show it as they show a map of single tokens. (Roll-out through such a map is an approximation.)
    ///
    /// - Parameters:
    ///   - model: The model's name, shown as the title.
    ///   - text: The text that the model read.
    ///   - queries: The tokens that look, Nq of them.
    ///   - keys: The tokens that are looked at, Nk of them.
    ///   - layers: The numbers of the captured layers, from 0.
    ///   - heads: The numbers of the captured heads, in the order of the summaries.
    ///   - summaries: One for each layer, all of one shape.
    ///   - batch: The element of the batch.
    /// - Throws: ``AttentionMapError``, as ``init(model:text:queries:keys:layers:heads:weights:)`` does, also
    ///   for summaries that do not fit the tokens or each other.
    public init(
        model: String, text: String, queries: [Token], keys: [Token], layers: [Int], heads: [Int],
        summaries: [WeightSummary], batch: Int = 0
    ) throws(AttentionMapError) {
        guard let first = summaries.first else { throw .empty("layers") }
        for summary in summaries {
            let fits =
                summary.queryCount == queries.count && summary.keyCount == keys.count
                && summary.means.shape == first.means.shape && summary.means.shape[1] == heads.count
                && (0..<summary.means.shape[0]).contains(batch)
            guard fits else {
                throw .wrongCount(
                    shape: [layers.count, heads.count, queries.count, keys.count],
                    found: summary.queryCount * summary.keyCount)
            }
        }
        try self.init(
            model: model, text: text,
            queries: (0..<first.rows).map { Token(joining: queries[first.queries(row: $0)]) },
            keys: (0..<first.columns).map { Token(joining: keys[first.keys(column: $0)]) },
            layers: layers, heads: heads, weights: summaries.flatMap { $0.shares(batch: batch) })
    }

    /// What `transformer` looks at in one text, in at most `resolution` runs of tokens; a text with no more
    /// tokens is shown token by token.
    ///
    /// - Parameters:
    ///   - transformer: The model that looks.
    ///   - model: The model's name, shown as the title.
    ///   - text: The text that the ids stand for.
    ///   - ids: The token ids.
    ///   - typeIDs: The segment of each token; nil: all 0.
    ///   - tokens: How each token is shown.
    ///   - layers: The layers to capture, from 0; nil: all.
    ///   - heads: The heads to capture in each, from 0; nil: all.
    ///   - resolution: The most rows and columns of the map; positive.
    /// - Throws: `TensorError.invalidArgument` for a layer, head or resolution that cannot be, and for tokens
    ///   that are not as many as `ids`; as the model itself.
    public init(
        of transformer: some ObservableTransformer, model: String, text: String, ids: [Int],
        typeIDs: [Int]? = nil,
        tokens: [Token], layers: [Int]? = nil, heads: [Int]? = nil, resolution: Int
    ) throws {
        guard resolution > 0 else {
            throw TensorError.invalidArgument("a map of resolution \(resolution); it must be positive")
        }
        guard ids.count > resolution else {
            try self.init(
                of: transformer, model: model, text: text, ids: ids, typeIDs: typeIDs, tokens: tokens,
                layers: layers,
                heads: heads)
            return
        }
        let (layers, heads) = try Self.chosen(layers, heads, of: transformer)
        var captured: [Int: WeightSummary] = [:]
        try transformer.observe(TokenBatch([ids], typeIDs: typeIDs.map { [$0] })) { layer, observation in
            guard layers.contains(layer) else { return }
            captured[layer] = try observation.weightSummary(
                heads: heads, rows: resolution, columns: resolution)
        }
        try self.init(
            model: model, text: text, queries: tokens, keys: tokens, layers: layers, heads: heads,
            summaries: layers.compactMap { captured[$0] })
    }
}

extension AttentionMap.Token {
    /// A run of tokens as one; special if all are.
    fileprivate init(joining run: ArraySlice<Self>) {
        self.init(run.map(\.text).joined(separator: " "), isSpecial: run.allSatisfy(\.isSpecial))
    }
}

extension WeightSummary {
    /// `[heads, rows, columns]`: of each cell, how much of its queries' weight its keys have together.
    fileprivate func shares(batch: Int) -> [Float] {
        let sizes = (0..<columns).map { Float(keys(column: $0).count) }
        return means.sliced(axis: 0, batch..<batch + 1).scalars.enumerated().map { index, mean in
            mean * sizes[index % columns]
        }
    }
}
