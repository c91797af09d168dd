import Attention
import AttentionTensors

/// One layer of a transformer: self-attention and a feed-forward network, each added to its input.
///
///     h ──┬─ norm ─ attention ─ (norm) ─ + ──┬─ norm ─ feed-forward ─ (norm) ─ + ─▶
///         └──────────────────────────────┘   └─────────────────────────────────┘
///
/// ``NormPlacement`` says which of the norms there are; with ``NormPlacement/after`` they stand behind the
/// sums.
struct Block: Sendable {
    /// Before attention, or after its sum.
    var attentionNorm: Norm?
    var attention: MultiHeadAttention
    /// Of what attention gives, before it is added.
    var attentionOutputNorm: Norm?
    /// Before the feed-forward network, or after its sum.
    var feedForwardNorm: Norm?
    /// The network of all tokens; nil: there are experts.
    var network: FeedForward?
    var experts: Experts?
    var feedForwardOutputNorm: Norm?
    let placement: NormPlacement
    let residualScale: Float
    /// The mask within one sequence; nil: a query sees everything.
    let mask: (any AttentionMask)?
    /// The positions of queries and keys; nil: none.
    let rotary: RotaryEmbedding?

    /// - Parameters:
    ///   - h: `[1, N, M]`
    ///   - attend: Applies attention to its input: within a batch, or over a cache.
    /// - Returns: `[1, N, M]`
    func callAsFunction(
        _ h: Tensor, attend: (MultiHeadAttention, Tensor) throws -> Tensor
    ) throws -> Tensor {
        switch placement {
        case .before, .around:
            let input = try attentionNorm?(h) ?? h
            let middle = try h + scaled(attend(attention, input), attentionOutputNorm)
            return try middle + scaled(feedForward(feedForwardNorm?(middle) ?? middle), feedForwardOutputNorm)
        case .after:
            let attended = try scaled(attend(attention, h), nil)
            let middle = try attentionNorm?(attended, adding: h) ?? attended + h
            let fed = try scaled(feedForward(middle), nil)
            return try feedForwardNorm?(fed, adding: middle) ?? fed + middle
        case .parallel:
            let input = try attentionNorm?(h) ?? h
            let fed = try feedForward(feedForwardNorm?(h) ?? input)
            return try h + scaled(attend(attention, input), nil) + scaled(fed, nil)
        }
    }

    private func feedForward(_ x: Tensor) throws -> Tensor { try experts?(x) ?? network?(x) ?? x }

    /// What is added to the block's input.
    private func scaled(_ output: Tensor, _ norm: Norm?) throws(TensorError) -> Tensor {
        let output = try norm?(output) ?? output
        return residualScale == 1 ? output : try output * residualScale
    }
}

extension Block: Parameterized {
    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&attentionNorm, "attentionNorm", body)
        try visit(&attention, "attention", body)
        try visit(&attentionOutputNorm, "attentionOutputNorm", body)
        try visit(&feedForwardNorm, "feedForwardNorm", body)
        try visit(&network, "feedForward", body)
        try visit(&experts, "experts", body)
        try visit(&feedForwardOutputNorm, "feedForwardOutputNorm", body)
    }
}
