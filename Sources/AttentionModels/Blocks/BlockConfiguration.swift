import Attention
import AttentionTensors

/// One block of a transformer, as data: attention, a feed-forward network, and where the norms stand.
///
/// Everything in it belongs to a layer, so that layers of one model may differ in positions, windows, heads
/// and widths.
public struct BlockConfiguration: Hashable, Sendable {
    /// Its attention.
    public var attention: AttentionConfiguration
    /// Its feed-forward network, or its experts.
    public var feedForward: FeedForwardConfiguration
    /// The places of the norms.
    public var placement: NormPlacement
    /// The kind of its norms.
    public var norm: NormConfiguration
    /// Whether attention's input is normalised, with ``NormPlacement/before``. ModernBERT's first block
    /// leaves it out, because the embeddings are normalised already.
    public var hasAttentionNorm = true
    /// The factor of what attention and the feed-forward network give, before it is added.
    public var residualScale: Float = 1

    /// A block of these parts.
    public init(
        attention: AttentionConfiguration, feedForward: FeedForwardConfiguration,
        placement: NormPlacement = .before, norm: NormConfiguration
    ) {
        self.attention = attention
        self.feedForward = feedForward
        self.placement = placement
        self.norm = norm
    }
}

/// The places of a block's norms. N is a norm, A attention, F the feed-forward network:
public enum NormPlacement: Hashable, Sendable {
    /// h ← h + A(N₁(h)); h ← h + F(N₂(h)): GPT-2, Llama.
    case before
    /// h ← N₁(h + A(h)); h ← N₂(h + F(h)): BERT.
    case after
    /// h ← h + N₂(A(N₁(h))); h ← h + N₄(F(N₃(h))): Gemma 2.
    case around
    /// h ← h + A(N₁(h)) + F(N₁(h)): Phi.
    case parallel
}

/// A normalisation, as data.
public enum NormConfiguration: Hashable, Sendable {
    /// `LayerNorm`, with a bias or without.
    case layer(epsilon: Float, hasBias: Bool = true)
    /// `RMSNorm`
    case rms(epsilon: Float)

    /// ε, which keeps the root away from 0.
    public var epsilon: Float {
        switch self {
        case .layer(let epsilon, _), .rms(let epsilon): epsilon
        }
    }
}

/// The attention of a block, as data.
public struct AttentionConfiguration: Hashable, Sendable {
    /// Hq
    public var heads: Int
    /// Hkv
    public var keyValueHeads: Int
    /// D
    public var headWidth: Int
    /// The positions by which queries and keys turn; nil: none.
    public var rotary: RotaryEmbedding?
    /// The positions that a query sees.
    public var span: AttentionSpan
    /// What dot products are multiplied by; nil: 1/√D.
    public var scale: Float?
    /// The cap of scores, c · tanh(score / c); nil: none.
    public var softcap: Float?
    /// Whether each head's queries and keys are normalised, with the block's kind of norm over D.
    public var normalizesHeads = false
    /// Whether queries, keys and values must have biases. Where they need not, those that are stored count
    /// all the same.
    public var hasQueryKeyValueBiases = false
    /// The same of the output.
    public var hasOutputBias = false

    /// Attention without biases, at the usual scale.
    public init(
        heads: Int, keyValueHeads: Int? = nil, headWidth: Int, rotary: RotaryEmbedding? = nil,
        span: AttentionSpan
    ) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.headWidth = headWidth
        self.rotary = rotary
        self.span = span
    }
}

/// The positions that a query of self-attention sees, relative to its own.
public enum AttentionSpan: Hashable, Sendable {
    /// Its own and those before it; with a window the last `window` of these.
    case causal(window: Int? = nil)
    /// All, or those at a distance of at most `reach`.
    case bidirectional(reach: Int? = nil)

    /// The window of causal attention, its own position included; nil: none.
    public var window: Int? {
        get { if case .causal(let window) = self { window } else { nil } }
        set { if case .causal = self { self = .causal(window: newValue) } }
    }

    /// The mask within one sequence; nil: a query sees everything.
    var mask: (any AttentionMask)? {
        switch self {
        case .causal(nil): .causal
        case .causal(let window?): .slidingWindow(before: window - 1)
        case .bidirectional(nil): nil
        case .bidirectional(let reach?): .slidingWindow(before: reach, after: reach)
        }
    }
}

/// The feed-forward part of a block, as data.
public struct FeedForwardConfiguration: Hashable, Sendable {
    /// F; with experts, that of each.
    public var width: Int
    /// act
    public var activation: Activation
    /// Whether W₂ · (act(W_g · x) · W₁ · x) rather than W₂ · act(W₁ · x).
    public var isGated: Bool
    /// Whether its layers must have biases. Where they need not, those that are stored count all the same.
    public var hasBiases = false
    /// The experts among which each token chooses; nil: one network for all tokens.
    public var experts: ExpertsConfiguration?

    /// A network without biases.
    public init(width: Int, activation: Activation, isGated: Bool) {
        self.width = width
        self.activation = activation
        self.isGated = isGated
    }
}

/// A mixture of experts, as data.
public struct ExpertsConfiguration: Hashable, Sendable {
    /// E
    public var count: Int
    /// k, the number of experts that serve a token.
    public var perToken: Int
    /// Whether the weights of a token's experts sum to 1. Otherwise they are shares of the softmax over all
    /// experts.
    public var normalizesWeights: Bool

    /// A choice of `perToken` among `count` experts.
    public init(count: Int, perToken: Int, normalizesWeights: Bool = true) {
        self.count = count
        self.perToken = perToken
        self.normalizesWeights = normalizesWeights
    }
}
