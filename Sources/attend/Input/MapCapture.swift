import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTokenizers

/// A text that is ready to be looked at. Each map computes only the weights that it holds.
struct MapCapture {
    let transformer: any ObservableTransformer
    let model: String
    let text: String
    let ids: [Int]
    let typeIDs: [Int]?
    let tokens: [AttentionMap.Token]
    /// The rows of the map; nil: all tokens.
    var queries: Range<Int>?
    /// The most rows and columns of a map; nil: every token has its own.
    let resolution: Int?

    init(_ embedder: TextEmbedder, _ encoding: Encoding, text: String, pair: String?, resolution: Int?) {
        transformer = embedder.encoder
        model = embedder.name
        self.text = pair.map { "\(text) / \($0)" } ?? text
        ids = encoding.ids
        typeIDs = encoding.typeIDs
        tokens = zip(encoding.tokens, encoding.specialTokensMask).map {
            AttentionMap.Token($0, isSpecial: $1)
        }
        self.resolution = resolution
    }

    init(_ language: LanguageModel, _ ids: [Int], text: String, resolution: Int?) throws {
        transformer = language.decoder
        model = language.name
        self.text = text
        self.ids = ids
        typeIDs = nil
        tokens = try language.shownTokens(ids)
        self.resolution = resolution
    }

    /// The number of the last layer.
    var lastLayer: Int { transformer.layerCount - 1 }

    /// The map that holds what `selection` shows; nil: all layers and heads.
    func map(for selection: AttentionMap.Selection? = nil) throws -> AttentionMap {
        switch selection {
        case .head(let layer, let head): try map(transformer, layers: [layer], heads: [head])
        case .meanOfHeads(let layer): try map(transformer, layers: [layer], heads: nil)
        case .mean, .rollout, nil: try map(transformer, layers: nil, heads: nil)
        }
    }

    private func map(
        _ transformer: some ObservableTransformer, layers: [Int]?, heads: [Int]?
    ) throws -> AttentionMap {
        if let resolution, resolution < ids.count {
            return try AttentionMap(
                of: transformer, model: model, text: text, ids: ids, typeIDs: typeIDs, tokens: tokens,
                layers: layers, heads: heads, resolution: resolution)
        }
        return try AttentionMap(
            of: transformer, model: model, text: text, ids: ids, typeIDs: typeIDs, tokens: tokens,
            layers: layers, heads: heads, queries: queries)
    }
}

extension LanguageModel {
    /// Each token as the text that it adds; a part of a character as its piece.
    fileprivate func shownTokens(_ ids: [Int]) throws -> [AttentionMap.Token] {
        guard let tokenizer = try? tokenizer else { return ids.map { AttentionMap.Token("\($0)") } }
        let special = Set(tokenizer.addedTokens.filter(\.isSpecial).map(\.id))
        var decoder = tokenizer.streamDecoder(skipSpecialTokens: false)
        return ids.map { id in
            let added = decoder.append(id)
            return AttentionMap.Token(
                added.isEmpty ? tokenizer.token(of: id) ?? "\(id)" : added, isSpecial: special.contains(id))
        }
    }
}
