import Attention
import AttentionTensors

/// A stack of self-attention and feed-forward layers in which every token sees every other (BERT,
/// arXiv:1810.04805), normalised after each residual sum. Positions come from a table, or turn queries and
/// keys (arXiv:2104.09864):
///
///     h ← LayerNorm(tokens + positions + segments)
///     h ← LayerNorm(h + MultiHeadAttention(h));  h ← LayerNorm(h + FeedForward(h))      for each layer
public struct EncoderTransformer: Sendable {
    /// The differences between encoders, as data.
    public struct Configuration: Hashable, Sendable {
        /// M
        public var width: Int
        /// L
        public var layers: Int
        /// Hq
        public var heads: Int
        /// F
        public var feedForwardWidth: Int
        /// V
        public var vocabulary: Int
        /// The size of the table of positions; the greatest length where ``rotary`` stands in its place.
        public var positions: Int
        /// The numbering of tokens in that table.
        public var numbering: PositionNumbering
        /// The number of segments; 0 for a model without.
        public var segments: Int
        /// The function within the feed-forward layers.
        public var activation: Activation
        /// ε of the norms.
        public var normEpsilon: Float
        /// The rotary positions of queries and keys; nil: there is a table of positions.
        public var rotary: RotaryEmbedding?
        /// Whether the feed-forward network is gated.
        public var isGated = false
        /// Whether every linear layer has a bias; otherwise those that the checkpoint has one for.
        public var hasBiases = true

        /// How the tokens of a text are numbered.
        public enum PositionNumbering: Hashable, Sendable {
            /// 0, 1, 2 …
            case fromZero
            /// RoBERTa's: from `padding` + 1 on, and `padding` for the padding token itself.
            case after(padding: Int)
        }

        /// The longest sequence that the table of positions serves.
        public var longestSequence: Int {
            switch numbering {
            case .fromZero: positions
            case .after(let padding): positions - padding - 1
            }
        }
    }

    /// What sets this model apart from others.
    public let configuration: Configuration
    var tokens: Embedding
    /// Nil with rotary positions.
    var positions: Embedding?
    var segments: Embedding?
    var embeddingNorm: LayerNorm
    var layers: [Layer]

    struct Layer: Sendable {
        var attention: MultiHeadAttention
        var attentionNorm: LayerNorm
        var feedForward: FeedForward
        var feedForwardNorm: LayerNorm
    }

    /// The last hidden states of a batch.
    ///
    /// - Parameters:
    ///   - batch: Sequences of token ids.
    ///   - observe: Is shown each layer's attention, in order; nil costs nothing. Positions of all sequences
    ///     lie end to end in it, as in `batch`.
    /// - Returns: `[tokens, M]`, the sequences end to end as in `batch`.
    /// - Throws: `TensorError.invalidArgument` for a sequence that is too long or an id that the model does
    ///   not have; what `observe` throws.
    public func callAsFunction(
        _ batch: TokenBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        let mask = try BlockDiagonalMask(queryLengths: batch.ranges.map(\.count))
        let angles = try configuration.rotary?.angles(lengths: checkedLengths(batch))
        var hidden = try embed(batch)
        for (index, layer) in layers.enumerated() {
            let observeLayer = observe.map { observe in { observation in try observe(index, observation) } }
            let attended = try layer.attention(
                hidden, mask: mask, rotary: angles, observe: observeLayer)
            hidden = try layer.attentionNorm(attended, adding: hidden)
            hidden = try layer.feedForwardNorm(layer.feedForward(hidden), adding: hidden)
        }
        return try hidden.reshaped(to: [batch.ids.count, configuration.width])
    }

    /// `[1, tokens, M]`: the normalised sum of token, position and segment vectors.
    private func embed(_ batch: TokenBatch) throws -> Tensor {
        var sum = try tokens(batch.ids)
        if let segments { sum = try sum + segments(batch.typeIDs, what: "token type") }
        let placed = try positions?(positionNumbers(batch), what: "position")
        return try embeddingNorm(sum, adding: placed).reshaped(to: [1, batch.ids.count, configuration.width])
    }

    private func checkedLengths(_ batch: TokenBatch) throws(TensorError) -> [Int] {
        let lengths = batch.ranges.map(\.count)
        if let length = lengths.first(where: { $0 > configuration.longestSequence }) {
            throw .invalidArgument(
                "a sequence of \(length) tokens is longer than the model's \(configuration.longestSequence)")
        }
        return lengths
    }

    private func positionNumbers(_ batch: TokenBatch) throws(TensorError) -> [Int] {
        _ = try checkedLengths(batch)
        var numbers: [Int] = []
        for range in batch.ranges {
            switch configuration.numbering {
            case .fromZero: numbers += 0..<range.count
            case .after(let padding):
                var next = padding
                for id in batch.ids[range] {
                    if id != padding { next += 1 }
                    numbers.append(id == padding ? padding : next)
                }
            }
        }
        return numbers
    }
}

extension EncoderTransformer: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&tokens, "tokens", body)
        try visit(&positions, "positions", body)
        try visit(&segments, "segments", body)
        try visit(&embeddingNorm, "embeddingNorm", body)
        try visit(&layers, "layers", body)
    }
}

extension EncoderTransformer.Layer: Parameterized {
    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&attention, "attention", body)
        try visit(&attentionNorm, "attentionNorm", body)
        try visit(&feedForward, "feedForward", body)
        try visit(&feedForwardNorm, "feedForwardNorm", body)
    }
}
