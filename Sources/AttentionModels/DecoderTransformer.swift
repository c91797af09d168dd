import Attention
import AttentionTensors

/// A stack of causal self-attention and feed-forward layers: a language model (GPT-2, Llama, Mistral, Qwen,
/// Gemma, Phi). Normalised before each part:
///
///     h ← scale · tokens + positions
///     h ← h + MultiHeadAttention(Norm(h));  h ← h + FeedForward(Norm(h))      for each layer
///     logits = Norm(h) · headᵀ
///
/// One definition serves whole sequences, with gradients and observation, and a decoder's steps over a cache.
public struct DecoderTransformer: Sendable {
    /// What sets this model apart from others.
    public let configuration: Configuration
    var tokens: Embedding
    var positions: Embedding?
    /// Angles of rotary positions; nil: none.
    let rotary: RotaryEmbedding?
    var layers: [Layer]
    var norm: Norm
    var head: Linear
    /// Whether the head is the table of tokens.
    let isHeadTied: Bool

    struct Layer: Sendable {
        var attentionNorm: Norm
        var attention: MultiHeadAttention
        /// Of what attention gives, before it is added: Gemma 2.
        var attentionOutputNorm: Norm?
        var feedForwardNorm: Norm
        var feedForward: FeedForward
        var feedForwardOutputNorm: Norm?

        /// - Parameters:
        ///   - h: `[1, N, M]`
        ///   - attend: Applies the layer's attention to the normalised input: within a batch, or over a
        ///     cache.
        func callAsFunction(
            _ h: Tensor, attend: (MultiHeadAttention, Tensor) throws -> Tensor
        ) throws -> Tensor {
            var attended = try attend(attention, attentionNorm(h))
            if let attentionOutputNorm { attended = try attentionOutputNorm(attended) }
            let middle = try h + attended
            var fed = try feedForward(feedForwardNorm(middle))
            if let feedForwardOutputNorm { fed = try feedForwardOutputNorm(fed) }
            return try middle + fed
        }
    }

    /// The logits of whole sequences.
    ///
    /// - Parameters:
    ///   - batch: Sequences of token ids.
    ///   - observe: Is shown each layer's attention, in order; nil costs nothing. Positions of all sequences
    ///     lie end to end in it, as in `batch`.
    /// - Returns: `[tokens, V]`, the sequences end to end as in `batch`. Gradients are recorded.
    /// - Throws: `TensorError.invalidArgument` for a sequence that is too long or an id that the model does
    ///   not have; what `observe` throws.
    public func callAsFunction(
        _ batch: TokenBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        try logits(hiddenStates(batch, observe: observe))
    }

    /// The last hidden states of whole sequences, normalised, as the head gets them.
    ///
    /// - Returns: `[tokens, M]`
    /// - Throws: As ``callAsFunction(_:observe:)``.
    public func hiddenStates(
        _ batch: TokenBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        let lengths = batch.ranges.map(\.count)
        let places = try placed(lengths.map { (0, $0) })
        let blocks = try BlockDiagonalMask(queryLengths: lengths)
        var h = try embed(batch.ids, at: places)
        let angles = try rotary?.angles(lengths: lengths)
        for (index, layer) in layers.enumerated() {
            let observeLayer = observe.map { observe in { observation in try observe(index, observation) } }
            let mask = blocks & configuration.mask(ofLayer: index)
            h = try layer(h) { try $0($1, mask: mask, rotary: angles, observe: observeLayer) }
        }
        return try norm(h).reshaped(to: [batch.ids.count, configuration.width])
    }

    /// The head's scores of every token of the vocabulary.
    ///
    /// - Parameter hidden: `[rows, M]`, from ``hiddenStates(_:observe:)``.
    /// - Returns: `[rows, V]`
    public func logits(_ hidden: Tensor) throws(TensorError) -> Tensor {
        let logits = try head(hidden)
        guard let cap = configuration.logitSoftcap else { return logits }
        return try Activation.tanh(logits * (1 / cap)) * cap
    }

    // MARK: - Parts that whole sequences and steps share

    /// The positions of runs of tokens, end to end.
    ///
    /// - Parameter runs: How many positions come before each run, and how long it is.
    func placed(_ runs: [(past: Int, count: Int)]) throws(TensorError) -> [Int] {
        if let longest = positions?.count, let run = runs.first(where: { $0.past + $0.count > longest }) {
            throw .invalidArgument(
                "a sequence of \(run.past + run.count) tokens is longer than the model's table of \(longest) positions"
            )
        }
        return runs.flatMap { $0.past..<$0.past + $0.count }
    }

    /// `[1, tokens, M]`
    func embed(_ ids: [Int], at places: [Int]) throws -> Tensor {
        var sum = try tokens(ids)
        if configuration.embeddingScale != 1 { sum = try sum * configuration.embeddingScale }
        if let positions { sum = try sum + positions(places, what: "position") }
        return try sum.reshaped(to: [1, ids.count, configuration.width])
    }
}

extension DecoderTransformer: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        let before = isHeadTied ? tokens.weight : nil
        try visit(&tokens, "tokens", body)
        if let before, let after = tokens.weight, !after.isSameValue(as: before) {
            head = try Linear(weight: after)
        }
        try visit(&positions, "positions", body)
        try visit(&layers, "layers", body)
        try visit(&norm, "norm", body)
        if !isHeadTied { try visit(&head, "head", body) }
    }
}

extension DecoderTransformer.Layer: Parameterized {
    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&attentionNorm, "attentionNorm", body)
        try visit(&attention, "attention", body)
        try visit(&attentionOutputNorm, "attentionOutputNorm", body)
        try visit(&feedForwardNorm, "feedForwardNorm", body)
        try visit(&feedForward, "feedForward", body)
        try visit(&feedForwardOutputNorm, "feedForwardOutputNorm", body)
    }
}
