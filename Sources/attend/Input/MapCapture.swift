import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTokenizers

/// A text that is ready to be looked at. Each map computes only the weights that it holds.
struct MapCapture {
    let embedder: TextEmbedder
    let encoding: Encoding
    let text: String
    let pair: String?
    /// The most rows and columns of a map; nil: every token has its own.
    let resolution: Int?

    /// The number of the last layer.
    var lastLayer: Int { embedder.encoder.configuration.layers - 1 }

    /// The map that holds what `selection` shows; nil: all layers and heads.
    func map(for selection: AttentionMap.Selection? = nil) throws -> AttentionMap {
        switch selection {
        case .head(let layer, let head): try map(layers: [layer], heads: [head])
        case .meanOfHeads(let layer): try map(layers: [layer], heads: nil)
        case .mean, .rollout, nil: try map(layers: nil, heads: nil)
        }
    }

    private func map(layers: [Int]?, heads: [Int]?) throws -> AttentionMap {
        let tokens = zip(encoding.tokens, encoding.specialTokensMask).map {
            AttentionMap.Token($0, isSpecial: $1)
        }
        return try AttentionMap(
            of: embedder.encoder, model: embedder.name, text: pair.map { "\(text) / \($0)" } ?? text,
            ids: encoding.ids, typeIDs: encoding.typeIDs, tokens: tokens, layers: layers, heads: heads,
            resolution: resolution ?? .max)
    }
}
