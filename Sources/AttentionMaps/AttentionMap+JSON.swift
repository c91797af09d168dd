import Foundation

/// The JSON form, which carries the full numbers:
///
///     { "model": "…", "text": "…",
///       "tokens": [{ "text": "[CLS]", "isSpecial": true }, …],
///       "layers": [0, 1], "heads": [0, 1, 2],
///       "weights": [layer][head][query][key] }
///
/// Layers and heads are numbered from 0. Where queries and keys differ (cross-attention), `queries` and
/// `keys` stand in the place of `tokens`.
extension AttentionMap: Codable {
    private enum CodingKeys: String, CodingKey {
        case model, text, tokens, queries, keys, layers, heads, weights
    }

    /// Reads the JSON form.
    ///
    /// - Throws: `DecodingError` if a key is missing, the nesting is uneven, or the parts make no map.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let tokens = try values.decodeIfPresent([Token].self, forKey: .tokens)
        let queries = try tokens ?? values.decode([Token].self, forKey: .queries)
        let keys = try tokens ?? values.decode([Token].self, forKey: .keys)
        let layers = try values.decode([Int].self, forKey: .layers)
        let heads = try values.decode([Int].self, forKey: .heads)
        let nested = try values.decode([[[[Float]]]].self, forKey: .weights)
        let isEven =
            nested.count == layers.count
            && nested.allSatisfy { layer in
                layer.count == heads.count
                    && layer.allSatisfy { head in
                        head.count == queries.count && head.allSatisfy { $0.count == keys.count }
                    }
            }
        guard isEven else {
            throw DecodingError.dataCorruptedError(
                forKey: .weights, in: values,
                debugDescription: "weights must be nested as [layer][head][query][key] = "
                    + "[\(layers.count)][\(heads.count)][\(queries.count)][\(keys.count)]")
        }
        do {
            self = try AttentionMap(
                model: values.decode(String.self, forKey: .model),
                text: values.decode(String.self, forKey: .text), queries: queries, keys: keys,
                layers: layers, heads: heads, weights: nested.flatMap { $0.flatMap { $0.flatMap { $0 } } })
        } catch let error as AttentionMapError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(model, forKey: .model)
        try values.encode(text, forKey: .text)
        if isSelfAttention {
            try values.encode(queries, forKey: .tokens)
        } else {
            try values.encode(queries, forKey: .queries)
            try values.encode(keys, forKey: .keys)
        }
        try values.encode(layers, forKey: .layers)
        try values.encode(heads, forKey: .heads)
        var matrices = values.nestedUnkeyedContainer(forKey: .weights)
        for layer in layers {
            try matrices.encode(
                heads.map { head in
                    let matrix = try weights(layer: layer, head: head)
                    return (0..<matrix.queryCount).map { Array(matrix.row($0)) }
                })
        }
    }

    /// The JSON form as UTF-8, with keys in alphabetical order so that two runs give the same bytes.
    ///
    /// - Throws: `EncodingError`, which valid maps never cause.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}
