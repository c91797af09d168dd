import AttentionJSON

/// The attention of a model over one text: the weights of chosen layers and heads, with the tokens that they
/// join.
///
/// A weight says how much of the query token's new vector comes from the key token:
/// `softmax(QKᵀ/√d)` of Vaswani et al., *Attention Is All You Need* (2017), equation 1. Every row sums
/// to 1, or to 0 where everything was masked.
///
/// Layers and heads are numbered from 0, in the value, in every view and in JSON, as they are in papers'
/// code and in checkpoints.
public struct AttentionMap: Sendable, Equatable {
    /// A token, as it is shown to people. Tokens are equal if their texts have the same Unicode scalars.
    public struct Token: Sendable, Equatable, Codable {
        /// The token's text, such as `"##ing"`.
        public let text: String
        /// Whether the tokenizer added it (`[CLS]`, `[SEP]`, `<s>`); views can hide such tokens.
        public let isSpecial: Bool

        /// A token of this text.
        public init(_ text: String, isSpecial: Bool = false) {
            self.text = text
            self.isSpecial = isSpecial
        }

        public static func == (left: Self, right: Self) -> Bool {
            ExactString(left.text) == ExactString(right.text) && left.isSpecial == right.isSpecial
        }
    }

    /// The model's name, shown as the title.
    public let model: String
    /// The text that the model read.
    public let text: String
    /// The text of the queries, if the model generated them after ``text``; nil: it did not.
    public let continuation: String?
    /// The tokens that look, `Nq` of them.
    public let queries: [Token]
    /// The tokens that are looked at, `Nk` of them; equal to ``queries`` in self-attention.
    public let keys: [Token]
    /// The numbers of the captured layers, from 0.
    public let layers: [Int]
    /// The numbers of the captured heads, from 0; the same in every layer.
    public let heads: [Int]
    /// The weights, `[layers, heads, Nq, Nk]`, row by row.
    public let weights: [Float]
    /// The place of the first query among the keys; the other queries follow it. 0 in self-attention, and nil
    /// in cross-attention, where queries have no place among the keys.
    public let queryOffset: Int?
    /// For each captured layer, the run of keys that each query can see, `[layers][Nq]`: a causal mask hides
    /// the later tokens, a window also the distant ones. nil: every query sees every key.
    public let visibleKeys: [[Range<Int>]]?

    /// The distance from 0…1 that rounding may give a weight.
    package static let tolerance: Float = 1e-4

    /// Checks the parts and puts them together. Weights that rounding carried past 0 or 1 are clamped.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - text: The text that the model read.
    ///   - continuation: The text of the queries, if the model generated them after it; nil: it did not.
    ///   - queries: The tokens that look, Nq of them.
    ///   - keys: The tokens that are looked at, Nk of them.
    ///   - layers: The numbers of the captured layers, from 0.
    ///   - heads: The numbers of the captured heads, from 0.
    ///   - weights: `[layers, heads, Nq, Nk]`, row by row.
    ///   - queryOffset: The place of the first query among the keys; nil: 0 if queries and keys are equal,
    ///     and none otherwise.
    ///   - visibleKeys: The run of keys that each query can see, `[layers][Nq]`; nil: all keys.
    /// - Throws: ``AttentionMapError`` if a list is empty, a layer or head is negative or named twice, the
    ///   number of weights is not `layers × heads × Nq × Nk`, a weight is not finite or not in 0…1, or the
    ///   queries' places or visible keys lie outside the keys.
    public init(
        model: String, text: String, continuation: String? = nil, queries: [Token], keys: [Token],
        layers: [Int], heads: [Int], weights: [Float], queryOffset: Int? = nil,
        visibleKeys: [[Range<Int>]]? = nil
    ) throws(AttentionMapError) {
        try Self.checkNumbers(layers, of: "layers")
        try Self.checkNumbers(heads, of: "heads")
        guard !queries.isEmpty else { throw .empty("queries") }
        guard !keys.isEmpty else { throw .empty("keys") }
        let shape = [layers.count, heads.count, queries.count, keys.count]
        let expected = Self.product(shape)
        guard let expected, expected == weights.count else {
            throw .wrongCount(shape: shape, found: weights.count)
        }
        var clamped = weights
        for (index, weight) in weights.enumerated() where !(weight >= 0 && weight <= 1) {
            guard weight >= -Self.tolerance, weight <= 1 + Self.tolerance else {
                throw .badWeight(weight, index: Self.index(index, in: shape))
            }
            clamped[index] = min(max(weight, 0), 1)
        }
        let offset = queryOffset ?? (queries == keys ? 0 : nil)
        if let offset, offset < 0 || offset > keys.count - queries.count {
            throw .misplaced("\(queries.count) queries from place \(offset) on", keys: keys.count)
        }
        try Self.check(visibleKeys, layers: layers.count, queries: queries.count, keys: keys.count)
        self.model = model
        self.text = text
        self.continuation = continuation
        self.queryOffset = offset
        self.visibleKeys = visibleKeys
        self.queries = queries
        self.keys = keys
        self.layers = layers
        self.heads = heads
        self.weights = clamped
    }

    /// The map of self-attention, where the tokens that look are the tokens that are looked at.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - text: The text that the model read.
    ///   - tokens: The tokens, N of them.
    ///   - layers: The numbers of the captured layers, from 0.
    ///   - heads: The numbers of the captured heads, from 0.
    ///   - weights: `[layers, heads, N, N]`, row by row.
    ///   - visibleKeys: The run of tokens that each token can see, `[layers][N]`; nil: all tokens.
    /// - Throws: ``AttentionMapError``, as
    ///   ``init(model:text:continuation:queries:keys:layers:heads:weights:queryOffset:visibleKeys:)`` does.
    public init(
        model: String, text: String, tokens: [Token], layers: [Int], heads: [Int], weights: [Float],
        visibleKeys: [[Range<Int>]]? = nil
    ) throws(AttentionMapError) {
        try self.init(
            model: model, text: text, queries: tokens, keys: tokens, layers: layers, heads: heads,
            weights: weights, visibleKeys: visibleKeys)
    }

    /// Whether queries and keys are the same tokens; in cross-attention they differ.
    public var isSelfAttention: Bool { queries == keys }

    private static func check(
        _ visible: [[Range<Int>]]?, layers: Int, queries: Int, keys: Int
    ) throws(AttentionMapError) {
        guard let visible else { return }
        guard visible.count == layers, visible.allSatisfy({ $0.count == queries }) else {
            throw .misplaced("visible keys that are not one run for each layer and query", keys: keys)
        }
        for run in visible.joined() where run.lowerBound < 0 || run.upperBound > keys {
            throw .misplaced("visible keys \(run.lowerBound)..<\(run.upperBound)", keys: keys)
        }
    }

    private static func checkNumbers(_ numbers: [Int], of part: String) throws(AttentionMapError) {
        guard !numbers.isEmpty else { throw .empty(part) }
        var seen = Set<Int>()
        for number in numbers where number < 0 || !seen.insert(number).inserted {
            throw .badNumber(number, in: part)
        }
    }

    private static func product(_ shape: [Int]) -> Int? {
        var total = 1
        for count in shape {
            let (value, overflow) = total.multipliedReportingOverflow(by: count)
            if overflow { return nil }
            total = value
        }
        return total
    }

    private static func index(_ flat: Int, in shape: [Int]) -> [Int] {
        var rest = flat
        var index: [Int] = []
        for count in shape.reversed() {
            index.append(rest % count)
            rest /= count
        }
        return index.reversed()
    }
}
