import Foundation

/// The JSON form, which carries the full numbers:
///
///     { "model": "…", "text": "…",
///       "tokens": [{ "text": "[CLS]", "isSpecial": true }, …],
///       "layers": [0, 1], "heads": [0, 1, 2],
///       "weights": [layer][head][query][key] }
///
/// Layers and heads are numbered from 0. Where queries and keys differ, as in cross-attention and where a
/// part of the tokens looks, `queries` and `keys` stand in the place of `tokens`, and `queryOffset` is the
/// place of the first query among the keys. `continuation` is the text of the queries where the model
/// generated them, and `visibleKeys[layer][query]` the run of keys that a query can see, as [first, end];
/// each is left out where the map has none.
extension AttentionMap: Codable {
    private enum CodingKeys: String, CodingKey {
        case model, text, continuation, tokens, queries, keys, queryOffset, layers, heads, visibleKeys,
            weights
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
                text: values.decode(String.self, forKey: .text),
                continuation: values.decodeIfPresent(String.self, forKey: .continuation), queries: queries,
                keys: keys, layers: layers, heads: heads,
                weights: nested.flatMap { $0.flatMap { $0.flatMap { $0 } } },
                queryOffset: values.decodeIfPresent(Int.self, forKey: .queryOffset),
                visibleKeys: values.decodeIfPresent([[Range<Int>]].self, forKey: .visibleKeys))
        } catch let error as AttentionMapError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try encodeHeading(to: &values)
        var matrices = values.nestedUnkeyedContainer(forKey: .weights)
        for layer in layers {
            try matrices.encode(
                heads.map { head in
                    let matrix = try weights(layer: layer, head: head)
                    return (0..<matrix.queryCount).map { Array(matrix.row($0)) }
                })
        }
    }

    private func encodeHeading(to values: inout KeyedEncodingContainer<CodingKeys>) throws {
        try values.encode(model, forKey: .model)
        try values.encode(text, forKey: .text)
        try values.encodeIfPresent(continuation, forKey: .continuation)
        if isSelfAttention {
            try values.encode(queries, forKey: .tokens)
        } else {
            try values.encode(queries, forKey: .queries)
            try values.encode(keys, forKey: .keys)
            try values.encodeIfPresent(queryOffset, forKey: .queryOffset)
        }
        try values.encodeIfPresent(visibleKeys, forKey: .visibleKeys)
        try values.encode(layers, forKey: .layers)
        try values.encode(heads, forKey: .heads)
    }

    /// The JSON form as UTF-8, with keys in alphabetical order so that two runs give the same bytes.
    ///
    /// - Throws: `EncodingError`, which valid maps never cause.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = try encoder.encode(Heading(map: self))
        // The weights, last in the alphabet, are written by hand: ten times as fast as by the encoder.
        bytes.removeLast()
        bytes.append(contentsOf: Array(",\"weights\":".utf8))
        bytes.append(contentsOf: nestedWeights())
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Everything but the weights.
    private struct Heading: Encodable {
        let map: AttentionMap

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try map.encodeHeading(to: &values)
        }
    }

    /// `[layer][head][query][key]`, each number in the fewest digits that mean it exactly.
    private func nestedWeights() -> [UInt8] {
        let sizes = [heads.count * queries.count * keys.count, queries.count * keys.count, keys.count]
        let (open, close) = (UInt8(ascii: "["), UInt8(ascii: "]"))
        var bytes: [UInt8] = [open]
        for (index, weight) in weights.enumerated() {
            let opened = sizes.count { index % $0 == 0 }
            if opened > 0, index > 0 { bytes += Array(repeating: close, count: opened) }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += Array(repeating: open, count: opened)
            bytes += weight.description.utf8
        }
        return bytes + Array(repeating: close, count: sizes.count + 1)
    }
}
