/// What a model looks at in one text: the attention weights of chosen layers and heads, with the tokens
/// that they join.
///
/// A weight says how much of the query token's new vector comes from the key token:
/// `softmax(QKᵀ/√d)` of Vaswani et al., *Attention Is All You Need* (2017), equation 1. Every row sums
/// to 1, or to 0 where everything was masked.
///
/// Layers and heads are numbered from 0, in the value, in every view and in JSON, as they are in papers'
/// code and in checkpoints.
public struct AttentionMap: Sendable, Equatable {
    /// One token, as it is shown to people.
    public struct Token: Sendable, Equatable, Codable {
        /// The token's text, such as `"##ing"`.
        public let text: String
        /// Whether the tokenizer added it (`[CLS]`, `[SEP]`, `<s>`); views can hide such tokens.
        public let isSpecial: Bool

        public init(_ text: String, isSpecial: Bool = false) {
            self.text = text
            self.isSpecial = isSpecial
        }
    }

    /// The model's name, shown as the title.
    public let model: String
    /// The text that the model read.
    public let text: String
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

    /// How far rounding may carry a weight outside 0…1.
    package static let tolerance: Float = 1e-4

    /// Checks the parts and puts them together. Weights that rounding carried past 0 or 1 are clamped.
    ///
    /// - Throws: ``AttentionMapError`` if a list is empty, a layer or head is negative or named twice, the
    ///   number of weights is not `layers × heads × Nq × Nk`, or a weight is not finite or not in 0…1.
    public init(
        model: String, text: String, queries: [Token], keys: [Token], layers: [Int], heads: [Int],
        weights: [Float]
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
        self.model = model
        self.text = text
        self.queries = queries
        self.keys = keys
        self.layers = layers
        self.heads = heads
        self.weights = clamped
    }

    /// The map of self-attention, where the tokens that look are the tokens that are looked at.
    ///
    /// - Throws: ``AttentionMapError``, as ``init(model:text:queries:keys:layers:heads:weights:)`` does.
    public init(
        model: String, text: String, tokens: [Token], layers: [Int], heads: [Int], weights: [Float]
    ) throws(AttentionMapError) {
        try self.init(
            model: model, text: text, queries: tokens, keys: tokens, layers: layers, heads: heads,
            weights: weights)
    }

    /// Whether the tokens look at themselves; cross-attention's queries and keys differ.
    public var isSelfAttention: Bool { queries == keys }

    /// Whether some keys are special tokens and some are not, so that hiding them leaves something.
    public var canHideSpecialTokens: Bool {
        keys.contains { $0.isSpecial } && keys.contains { !$0.isSpecial }
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
