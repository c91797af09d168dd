import Attention
import AttentionModels
import AttentionTensors

extension AttentionMap {
    /// The most rows and columns of a map. In a text with more tokens, a row or column stands for a run of
    /// neighbours.
    public struct Resolution: Sendable, Equatable, ExpressibleByIntegerLiteral {
        /// The most rows; positive.
        public let rows: Int
        /// The most columns; positive.
        public let columns: Int

        /// At most `rows` rows and `columns` columns.
        public init(rows: Int, columns: Int) {
            (self.rows, self.columns) = (rows, columns)
        }

        /// At most `limit` rows and `limit` columns.
        public init(_ limit: Int) { self.init(rows: limit, columns: limit) }

        public init(integerLiteral limit: Int) { self.init(limit) }
    }

    /// The attention of `transformer`, an encoder or a decoder, over one text. Only the chosen weights are
    /// computed.
    ///
    /// With a resolution that is less than the number of tokens, rows and columns stand for runs of
    /// neighbouring tokens. A weight is then the part of the run's new vectors, on average, that comes from
    /// the other run, so that every row still sums to 1. A run holds special tokens alone or ordinary ones
    /// alone where the resolution allows it, and the first token is a run of its own. (Roll-out through such
    /// a map is an approximation.) Beyond the map, no weights are held: they are added up tile by tile.
    ///
    /// - Parameters:
    ///   - transformer: The model that looks.
    ///   - model: The model's name, shown as the title.
    ///   - text: The text that the ids stand for.
    ///   - continuation: The text of the tokens in `queries`, if the model generated them; nil: it did not.
    ///   - ids: The token ids.
    ///   - typeIDs: The segment of each token; nil: all 0.
    ///   - tokens: The shown form of each token.
    ///   - layers: The layers to capture, from 0; nil: all.
    ///   - heads: The heads to capture in each, from 0; nil: all.
    ///   - queries: The tokens that look, such as those that a decoder generated; nil: all.
    ///   - resolution: The most rows and columns; nil: one for each token.
    /// - Throws: `TensorError.invalidArgument` for a layer, head or token that the model does not have, for
    ///   tokens that are not as many as `ids`, and for a resolution that is not positive; the model's own
    ///   errors.
    public init(
        of transformer: some ObservableTransformer, model: String, text: String, continuation: String? = nil,
        ids: [Int], typeIDs: [Int]? = nil, tokens: [Token], layers: [Int]? = nil, heads: [Int]? = nil,
        queries: Range<Int>? = nil, resolution: Resolution? = nil
    ) throws {
        let (layers, heads) = try Self.chosen(layers, heads, of: transformer)
        let queries = queries ?? ids.indices
        guard tokens.count == ids.count, queries.lowerBound >= 0, queries.upperBound <= ids.count else {
            throw TensorError.invalidArgument(
                "\(tokens.count) shown tokens and the rows \(queries) for \(ids.count) token ids")
        }
        if let resolution, resolution.rows < 1 || resolution.columns < 1 {
            throw TensorError.invalidArgument("a map's resolution is \(resolution); it must be positive")
        }
        let rows = TokenRuns(tokens[queries], limit: resolution?.rows ?? queries.count)
        let columns = TokenRuns(
            tokens[...], limit: resolution?.columns ?? ids.count, border: queries.lowerBound)
        var captured: [Int: LayerCapture] = [:]
        do {
            try transformer.observe(SequenceBatch([ids], typeIDs: typeIDs.map { [$0] })) {
                layer, observation in
                guard layers.contains(layer) else { return }
                captured[layer] = try LayerCapture(observation, heads: heads, rows: rows, columns: columns)
                if layers.allSatisfy({ captured[$0] != nil }) { throw EverythingIsCaptured() }
            }
        } catch is EverythingIsCaptured {
            // The layers behind the last one that was asked for are not computed.
        }
        let visible = layers.compactMap { captured[$0]?.visibleColumns }
        let seesEverything = visible.joined().allSatisfy { $0 == columns.ranges.indices }
        try self.init(
            model: model, text: text, continuation: continuation,
            queries: rows.ranges.map { Token(joining: tokens[$0]) },
            keys: columns.ranges.map { Token(joining: tokens[$0]) }, layers: layers, heads: heads,
            weights: layers.flatMap { captured[$0]?.weights ?? [] },
            queryOffset: rows.offset(in: columns), visibleKeys: seesEverything ? nil : visible)
    }

    /// Ends the reading of a text early.
    private struct EverythingIsCaptured: Error {}

    /// The layers and heads that are asked for, by default all.
    private static func chosen(
        _ layers: [Int]?, _ heads: [Int]?, of transformer: some ObservableTransformer
    ) throws(TensorError) -> (layers: [Int], heads: [Int]) {
        let layers = layers ?? Array(0..<transformer.layerCount)
        let heads = heads ?? Array(0..<transformer.headCount)
        if let layer = layers.first(where: { !(0..<transformer.layerCount).contains($0) }) {
            throw .invalidArgument(
                "there is no layer \(layer): the model's layers are 0 to \(transformer.layerCount - 1)")
        }
        for layer in layers {
            let count = transformer.headCount(ofLayer: layer)
            if let head = heads.first(where: { !(0..<count).contains($0) }) {
                throw .invalidArgument(
                    "there is no head \(head): the heads of layer \(layer) are 0 to \(count - 1)")
            }
        }
        return (layers, heads)
    }
}
