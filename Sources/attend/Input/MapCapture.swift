import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTasks
import AttentionTokenizers

/// A text that is ready to be looked at. Each map computes only the weights that it holds.
struct MapCapture {
    private let transformer: any ObservableTransformer
    private let model: String
    private let text: String
    private let ids: [Int]
    private let typeIDs: [Int]?
    private let tokens: [AttentionMap.Token]
    /// The rows of the map; nil: all tokens.
    private var queries: Range<Int>?
    /// The text of the rows, if the model generated them.
    private var continuation: String?

    /// The map of a text, or of two, that an encoder reads.
    init(_ embedder: TextEmbedder, _ encoding: Encoding, text: String, pair: String?) {
        transformer = embedder.encoder
        model = embedder.name
        self.text = pair.map { "\(text) / \($0)" } ?? text
        ids = encoding.ids
        typeIDs = encoding.typeIDs
        let tokenizer = try? embedder.tokenizer
        tokens = encoding.ids.indices.map { index in
            AttentionMap.Token(
                tokenizer?.displayText(ofToken: index, in: encoding) ?? encoding.tokens[index],
                isSpecial: encoding.specialTokensMask[index])
        }
    }

    /// The map of a text that a language model reads.
    ///
    /// - Parameters:
    ///   - ids: The tokens that were read, and after them those that were generated.
    ///   - generated: The places of the generated tokens, which are the rows of the map; nil: none, and all
    ///     tokens are rows.
    ///   - continuation: The text of the generated tokens.
    init(
        _ language: LanguageModel, _ ids: [Int], text: String, generated: Range<Int>? = nil,
        continuation: String? = nil
    ) throws {
        transformer = language.decoder
        model = language.name
        self.text = text
        self.ids = ids
        typeIDs = nil
        tokens = try language.shownTokens(ids)
        queries = generated
        self.continuation = continuation
    }

    /// The number of the last layer.
    var lastLayer: Int { transformer.layerCount - 1 }

    /// The number of tokens, which is that of columns.
    var tokenCount: Int { ids.count }

    /// How many weights the map of `selection` holds; nil: that of all layers and heads.
    func weightCount(of selection: AttentionMap.Selection?) -> Int {
        planes(of: selection) * (queries?.count ?? ids.count) * ids.count
    }

    /// The resolution at which a map holds at most `mostWeights`; nil: one row or column for each token is
    /// few enough.
    func resolution(of selection: AttentionMap.Selection?, mostWeights: Int) -> AttentionMap.Resolution? {
        guard weightCount(of: selection) > mostWeights else { return nil }
        let cells = Double(mostWeights / planes(of: selection))
        let rows = min(queries?.count ?? ids.count, Int(cells.squareRoot()))
        return AttentionMap.Resolution(rows: max(rows, 1), columns: max(Int(cells) / max(rows, 1), 1))
    }

    /// The map that holds what `selection` shows; nil: all layers and heads.
    func map(
        for selection: AttentionMap.Selection? = nil, resolution: AttentionMap.Resolution? = nil
    ) throws -> AttentionMap {
        switch selection {
        case .head(let layer, let head): try map(transformer, [layer], [head], resolution)
        case .meanOfHeads(let layer): try map(transformer, [layer], nil, resolution)
        case .mean, .rollout, nil: try map(transformer, nil, nil, resolution)
        }
    }

    private func map(
        _ transformer: some ObservableTransformer, _ layers: [Int]?, _ heads: [Int]?,
        _ resolution: AttentionMap.Resolution?
    ) throws -> AttentionMap {
        try AttentionMap(
            of: transformer, model: model, text: text, continuation: continuation, ids: ids, typeIDs: typeIDs,
            tokens: tokens, layers: layers, heads: heads, queries: queries, resolution: resolution)
    }

    /// The number of heads whose matrices a selection needs.
    private func planes(of selection: AttentionMap.Selection?) -> Int {
        switch selection {
        case .head: 1
        case .meanOfHeads: transformer.headCount
        case .mean, .rollout, nil: transformer.layerCount * transformer.headCount
        }
    }
}

extension LanguageModel {
    /// Each token as the text that it adds, the last part of a character as the whole one, and the parts
    /// before it as bytes.
    func shownTokens(_ ids: [Int]) throws -> [AttentionMap.Token] {
        guard let tokenizer = try? tokenizer else { return ids.map { AttentionMap.Token("\($0)") } }
        let special = Set(tokenizer.addedTokens.filter(\.isSpecial).map(\.id))
        var decoder = tokenizer.streamDecoder(skipSpecialTokens: false)
        return ids.map { id in
            let added = decoder.append(id)
            return AttentionMap.Token(
                added.isEmpty ? tokenizer.displayText(ofToken: id) ?? "\(id)" : added,
                isSpecial: special.contains(id))
        }
    }
}
