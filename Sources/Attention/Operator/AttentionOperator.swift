import AttentionTensors

/// The attention operator, with all of its variants as values:
///
///     Attention(Q, K, V) = softmax(mask(cap(score(Q, K)) + bias)) V
///
/// Two implementations agree: ``callAsFunction(query:key:value:)``, tiled and online, which never holds an
/// Nq × Nk matrix; and ``reference(query:key:value:)``, plain loops to be read against the equation.
///
/// A query that sees no key gives zeros. What a masked position holds, NaN and infinity included, has no
/// effect. A result's bits depend neither on the number of threads nor on what else is in the batch.
public struct AttentionOperator: Sendable {
    /// The similarity of a query and a key.
    public var score: ScoreFunction
    /// Limits scores smoothly to ±softcap: softcap · tanh(score / softcap), before bias and mask.
    public var softcap: Float?
    /// The keys that a query may look at.
    public var mask: any AttentionMask
    /// The bias added to the scores.
    public var bias: AttentionBias
    /// The positions of the queries among the keys.
    public var alignment: QueryAlignment
    /// `[Hq]`: attention sinks (arXiv:2309.17453, as a learnt logit of each head), which take part in the
    /// softmax with a value of 0: weight = exp(S) / (exp(sink) + Σ exp(S)). nil: none.
    public var sinks: Tensor?
    /// Dropout of the weights after the softmax, for training; nil: none.
    public var dropout: AttentionDropout?

    /// Every part has the plain operator's value unless it is given.
    public init(
        score: ScoreFunction = .scaledDotProduct(), softcap: Float? = nil, mask: any AttentionMask = .full,
        bias: AttentionBias = .none, alignment: QueryAlignment = .topLeft, sinks: Tensor? = nil,
        dropout: AttentionDropout? = nil
    ) {
        self.score = score
        self.softcap = softcap
        self.mask = mask
        self.bias = bias
        self.alignment = alignment
        self.sinks = sinks
        self.dropout = dropout
    }

    /// The output of attention with the log-sum-exp, from which the weights can be recomputed.
    public struct Output: Sendable {
        /// `[B, Hq, Nq, Dv]`
        public let values: Tensor
        /// `[B, Hq, Nq]`: log Σⱼ exp(scoreᵢⱼ) of each query, the head's sink included; −∞ for one that sees
        /// no key and has no sink.
        public let logSumExp: Tensor

        /// Puts together what another implementation computed.
        public init(values: Tensor, logSumExp: Tensor) {
            self.values = values
            self.logSumExp = logSumExp
        }
    }

    /// Exact attention in memory linear in Nq and Nk. Where the queries, keys or values, the additive bias,
    /// slopes, relative positions, the temperature or sinks are watched, it is recorded, and the result has
    /// gradients.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, with any strides.
    ///   - key: `[B, Hkv, Nk, D]`. Hq is a multiple of Hkv; neighbouring query heads share a key head.
    ///   - value: `[B, Hkv, Nk, Dv]`.
    /// - Returns: `[B, Hq, Nq, Dv]`; in memory the heads of one position are neighbours.
    /// - Throws: `TensorError` if shapes or parameters do not fit together.
    public func callAsFunction(query: Tensor, key: Tensor, value: Tensor) throws -> Tensor {
        if isWatched(query, key, value) {
            return try recordedForward(query: query, key: key, value: value).values
        }
        return try TiledAttention(AttentionProblem(self, query: query, key: key, value: value)).values()
    }

    /// Like ``callAsFunction(query:key:value:)``, with the log-sum-exp, which has no backward pass: a
    /// gradient through it is an error.
    public func forward(query: Tensor, key: Tensor, value: Tensor) throws -> Output {
        try recordedForward(query: query, key: key, value: value)
    }

    /// The softmax weights P = exp(S − L) of chosen heads and queries, recomputed from the log-sum-exp L: the
    /// cost is that of what is asked for, whatever the length.
    ///
    /// - Parameters:
    ///   - query: `[B, Hq, Nq, D]`, as for the forward pass.
    ///   - key: `[B, Hkv, Nk, D]`, as for the forward pass.
    ///   - logSumExp: `[B, Hq, Nq]`, from ``forward(query:key:value:)``.
    ///   - heads: Query heads, in the order in which they are wanted; nil: all.
    ///   - queries: Rows of `query`; nil: all.
    /// - Returns: `[B, heads, queries, Nk]`. Every row sums to 1, less what a sink takes, or to 0 where a
    ///   query sees no key. The weights have no backward pass: a gradient through them is an error.
    /// - Throws: `TensorError` if shapes or parameters do not fit together.
    public func weights(
        query: Tensor, key: Tensor, logSumExp: Tensor, heads: [Int]? = nil, queries: Range<Int>? = nil
    ) throws -> Tensor {
        // The values play no part in the weights; any tensor with the keys' shape will do.
        let problem = try AttentionProblem(self, query: query, key: key, value: key)
        return try TiledAttention(problem).weights(logSumExp: logSumExp, heads: heads, queries: queries)
            .recordedWithoutBackward(as: "weights of attention", if: isWatched(query, key, logSumExp))
    }
}

/// Exact scaled dot-product attention, softmax(Q Kᵀ / √D) V.
///
/// - Parameters:
///   - query: `[B, Hq, Nq, D]`
///   - key: `[B, Hkv, Nk, D]`
///   - value: `[B, Hkv, Nk, Dv]`
///   - mask: The keys that a query may look at.
/// - Returns: `[B, Hq, Nq, Dv]`
/// - Throws: `TensorError` if the shapes do not fit together.
public func attention(
    query: Tensor, key: Tensor, value: Tensor, mask: any AttentionMask = .full
) throws -> Tensor {
    try AttentionOperator(mask: mask)(query: query, key: key, value: value)
}
