import Attention
import AttentionModels
import AttentionTensors

extension AttentionMap {
    /// What `encoder` looks at in one text. Only the chosen weights are computed.
    ///
    /// - Parameters:
    ///   - encoder: The model that looks.
    ///   - model: The model's name, shown as the title.
    ///   - text: The text that the ids stand for.
    ///   - ids: The token ids.
    ///   - typeIDs: The segment of each token; nil: all 0.
    ///   - tokens: How each token is shown.
    ///   - layers: The layers to capture, from 0; nil: all.
    ///   - heads: The heads to capture in each, from 0; nil: all.
    /// - Throws: `TensorError.invalidArgument` for a layer or head that the model does not have, and for tokens
    ///   that are not as many as `ids`; as the encoder itself.
    public init(
        of encoder: EncoderTransformer, model: String, text: String, ids: [Int], typeIDs: [Int]? = nil,
        tokens: [Token], layers: [Int]? = nil, heads: [Int]? = nil
    ) throws {
        let (layers, heads) = try Self.chosen(layers, heads, of: encoder.configuration)
        var captured: [Int: [Float]] = [:]
        _ = try encoder(TokenBatch([ids], typeIDs: typeIDs.map { [$0] })) { layer, observation in
            if layers.contains(layer) { captured[layer] = try observation.weights(heads: heads).scalars }
        }
        try self.init(
            model: model, text: text, tokens: tokens, layers: layers, heads: heads,
            weights: layers.flatMap { captured[$0] ?? [] })
    }

    /// The layers and heads that are asked for, by default all.
    static func chosen(
        _ layers: [Int]?, _ heads: [Int]?, of configuration: EncoderTransformer.Configuration
    ) throws(TensorError) -> (layers: [Int], heads: [Int]) {
        let layers = layers ?? Array(0..<configuration.layers)
        let heads = heads ?? Array(0..<configuration.heads)
        if let layer = layers.first(where: { !(0..<configuration.layers).contains($0) }) {
            throw .invalidArgument(
                "there is no layer \(layer): the model's layers are 0 to \(configuration.layers - 1)")
        }
        if let head = heads.first(where: { !(0..<configuration.heads).contains($0) }) {
            throw .invalidArgument(
                "there is no head \(head): the model's heads are 0 to \(configuration.heads - 1)")
        }
        return (layers, heads)
    }
}
