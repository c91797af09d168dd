import Attention
import AttentionModels
import AttentionTensors

extension AttentionMap {
    /// What `transformer`, an encoder or a decoder, looks at in one text. Only the chosen weights are
    /// computed.
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
    ///   - queries: The tokens that look, such as those that a decoder generated; nil: all.
    /// - Throws: `TensorError.invalidArgument` for a layer, head or token that the model does not have, and
    ///   for tokens that are not as many as `ids`; as the model itself.
    public init(
        of transformer: some ObservableTransformer, model: String, text: String, ids: [Int],
        typeIDs: [Int]? = nil, tokens: [Token], layers: [Int]? = nil, heads: [Int]? = nil,
        queries: Range<Int>? = nil
    ) throws {
        let (layers, heads) = try Self.chosen(layers, heads, of: transformer)
        let queries = queries ?? ids.indices
        guard tokens.count == ids.count, queries.lowerBound >= 0, queries.upperBound <= ids.count else {
            throw TensorError.invalidArgument(
                "\(tokens.count) shown tokens and the rows \(queries) for \(ids.count) token ids")
        }
        var captured: [Int: [Float]] = [:]
        try transformer.observe(TokenBatch([ids], typeIDs: typeIDs.map { [$0] })) { layer, observation in
            guard layers.contains(layer) else { return }
            captured[layer] = try observation.weights(heads: heads, queries: queries).scalars
        }
        try self.init(
            model: model, text: text, queries: Array(tokens[queries]), keys: tokens, layers: layers,
            heads: heads, weights: layers.flatMap { captured[$0] ?? [] })
    }

    /// The layers and heads that are asked for, by default all.
    static func chosen(
        _ layers: [Int]?, _ heads: [Int]?, of transformer: some ObservableTransformer
    ) throws(TensorError) -> (layers: [Int], heads: [Int]) {
        let layers = layers ?? Array(0..<transformer.layerCount)
        let heads = heads ?? Array(0..<transformer.headCount)
        if let layer = layers.first(where: { !(0..<transformer.layerCount).contains($0) }) {
            throw .invalidArgument(
                "there is no layer \(layer): the model's layers are 0 to \(transformer.layerCount - 1)")
        }
        if let head = heads.first(where: { !(0..<transformer.headCount).contains($0) }) {
            throw .invalidArgument(
                "there is no head \(head): the model's heads are 0 to \(transformer.headCount - 1)")
        }
        return (layers, heads)
    }
}
