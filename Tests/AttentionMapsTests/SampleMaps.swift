import AttentionMaps

/// Maps made by rule, with the patterns that trained encoders show: the token itself, its neighbours, a sink
/// in [SEP], broad heads, and heads that look for one word.
enum SampleMaps {
    static let words = [
        "[CLS]", "the", "tired", "cat", "sat", "on", "the", "em", "##broider", "##ed", "mat", "because", "it",
        "was", "warm", ".", "[SEP]",
    ]

    static func tokens(_ texts: [String]) -> [AttentionMap.Token] {
        texts.map { .init($0, isSpecial: $0.hasPrefix("[") && $0.hasSuffix("]")) }
    }

    static func map(
        _ texts: [String] = words, layers: Int = 6, heads: Int = 12,
        text: String = "The tired cat sat on the embroidered mat because it was warm."
    ) throws -> AttentionMap {
        var weights: [Float] = []
        var random = SeededGenerator(seed: 7)
        for layer in 0..<layers {
            for head in 0..<heads {
                weights += pattern(layer: layer, head: head, texts: texts, using: &random)
            }
        }
        return try AttentionMap(
            model: "all-MiniLM-L6-v2", text: text, tokens: tokens(texts), layers: Array(0..<layers),
            heads: Array(0..<heads), weights: weights)
    }

    static let story = [
        "The", " capital", " of", " France", " is", " called", "\n", " Paris", ",", " where", " it", " rains",
        ".",
    ]

    /// The map of a language model: a causal mask, in every third layer with a window of four tokens, a sink
    /// in the first token, and one head of one layer in which "it" looks at "France".
    ///
    /// - Parameter onlyGenerated: Whether the rows are those of a continuation, from the eighth token on.
    static func story(layers: Int = 30, heads: Int = 9, onlyGenerated: Bool = false) throws -> AttentionMap {
        let tokens = tokens(story)
        let rows = (onlyGenerated ? 7 : 0)..<tokens.count
        var random = SeededGenerator(seed: 11)
        var weights: [Float] = []
        var visible: [[Range<Int>]] = []
        for layer in 0..<layers {
            visible.append(rows.map { (layer % 3 == 2 ? max(0, $0 - 3) : 0)..<$0 + 1 })
            for head in 0..<heads {
                for (row, query) in rows.enumerated() {
                    var line = tokens.indices.map { key -> Float in
                        guard visible[layer][row].contains(key) else { return 0 }
                        let isLink = layer == 16 && head == 4 && query == 10 && key == 3
                        return Float.random(in: 0.03...0.05, using: &random) + (key == 0 ? 0.8 : 0)
                            + (isLink ? 4 : 0)
                    }
                    let sum = line.reduce(0, +)
                    line = line.map { $0 / sum }
                    weights += line
                }
            }
        }
        return try AttentionMap(
            model: "SmolLM2", text: "The capital of France is called\n",
            continuation: onlyGenerated ? " Paris,\nwhere it rains." : nil, queries: Array(tokens[rows]),
            keys: tokens,
            layers: Array(0..<layers), heads: Array(0..<heads), weights: weights,
            queryOffset: rows.lowerBound,
            visibleKeys: visible)
    }

    private static func pattern(
        layer: Int, head: Int, texts: [String], using random: inout SeededGenerator
    ) -> [Float] {
        let count = texts.count
        let kind = (layer * 5 + head * 3) % 7
        let focus = 1 + (layer * 3 + head * 5) % max(1, count - 1)
        var weights: [Float] = []
        for query in 0..<count {
            var row = (0..<count).map { _ in Float.random(in: 0.01...0.06, using: &random) }
            for key in 0..<count {
                let distance = key - query
                switch kind {
                case 0 where distance == 0: row[key] += 2.5
                case 1 where distance == -1: row[key] += 3
                case 2 where key == count - 1: row[key] += 4 + Float(layer)
                case 3 where distance == 1: row[key] += 2
                case 4: row[key] += 0.4 * Float.random(in: 0...1, using: &random)
                case 5 where key == min(focus, count - 1): row[key] += 1.2
                case 6 where abs(distance) <= 2: row[key] += 1 - 0.3 * Float(abs(distance))
                default: break
                }
            }
            row[count - 1] += 0.25 * Float(layer)
            let sum = row.reduce(0, +)
            weights += row.map { $0 / sum }
        }
        return weights
    }
}

/// SplitMix64, so that every run sees the same numbers.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
