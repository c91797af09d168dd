import Attention
import AttentionTensors

extension AttentionMap {
    /// The map of a long text in small: a row or column stands for a run of tokens, and a weight is the part
    /// of the run's new vectors, on average, that comes from the other run. Every row sums to 1, so that all
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
    /// - Throws: ``AttentionMapError``, as
    ///   ``init(model:text:continuation:queries:keys:layers:heads:weights:queryOffset:visibleKeys:)`` does,
    ///   also for summaries that do not fit the tokens or each other.
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
}

extension WeightSummary {
    /// `[heads, rows, columns]`: for each cell, how much of its queries' weight its keys have together.
    func shares(batch: Int) -> [Float] {
        let sizes = (0..<columns).map { Float(keys(column: $0).count) }
        return means.sliced(axis: 0, batch..<batch + 1).scalars.enumerated().map { index, mean in
            mean * sizes[index % columns]
        }
    }
}
