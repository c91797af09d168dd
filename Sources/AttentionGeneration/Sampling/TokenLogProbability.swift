import Attention
import AttentionTensors

/// The log-probability of a token and those of the most probable tokens, in the model's own distribution
/// before anything is cut or scaled.
public struct TokenLogProbability: Hashable, Sendable {
    /// A token that could have come.
    public struct Alternative: Hashable, Sendable {
        /// The token.
        public let token: Int
        /// The natural logarithm of its probability.
        public let logProbability: Float
    }

    /// The token that came.
    public let token: Int
    /// The natural logarithm of the token's probability.
    public let logProbability: Float
    /// The most probable tokens, the most probable first; as many as were asked for.
    public let alternatives: [Alternative]

    /// - Parameters:
    ///   - token: One of the vocabulary.
    ///   - logits: `[V]`
    ///   - top: How many alternatives are named.
    /// - Throws: `TensorError.invalidArgument` for a token that there is not, where a logit is NaN or +∞, and
    ///   where all are −∞.
    public init(of token: Int, in logits: UnsafeBufferPointer<Float>, top: Int = 0) throws(TensorError) {
        let distribution = try LogDistribution(logits)
        guard logits.indices.contains(token) else {
            throw .invalidArgument("token \(token) of \(logits.count) logits")
        }
        self.token = token
        logProbability = distribution[token]
        alternatives = distribution.mostProbable(top)
    }
}

/// The logarithms of the probabilities that logits mean.
struct LogDistribution {
    private let logits: UnsafeBufferPointer<Float>
    private let scan: LogitScan
    private let maximaOfBlocks: [Float]
    /// log Σ exp(logit)
    let total: Double

    init(_ logits: UnsafeBufferPointer<Float>) throws(TensorError) {
        self.logits = logits
        scan = try LogitScan()
        let maxima = scan.maxima(of: logits)
        guard let maximum = maxima.greatest, maximum > -.infinity else {
            throw .invalidArgument("logits that are not numbers: they have no probabilities")
        }
        maximaOfBlocks = maxima.ofBlocks
        let sums = scan.weigh(logits, maximum: maximum, scale: 1, into: nil)
        total = Double(maximum) + Double.log(sums.reduce(0) { $0 + Double($1) })
    }

    subscript(token: Int) -> Float { Float(Double(logits[token]) - total) }

    /// The most probable tokens, the most probable first; of equals, that of the lowest id.
    ///
    /// - Parameter allowed: The tokens that are looked at; nil: all.
    func mostProbable(_ count: Int, of allowed: TokenSet? = nil) -> [TokenLogProbability.Alternative] {
        guard count > 0 else { return [] }
        guard let allowed else { return ranked(TopTokens.tokens(count, of: logits, maximaOfBlocks, scan)) }
        let adjusted = Tensor(shape: [logits.count]) { adjusted in
            _ = adjusted.initialize(fromContentsOf: logits)
            allowed.exclude(from: adjusted)
        }
        return ranked(
            adjusted.withUnsafeBuffer { TopTokens.tokens(count, of: $0, scan.maxima(of: $0).ofBlocks, scan) })
    }

    /// The tokens of the greatest scores, which are log-probabilities that `adjust` has changed; the greatest
    /// first.
    ///
    /// - Parameter allowed: The tokens that are looked at; nil: all.
    func mostProbable(
        _ count: Int, of allowed: TokenSet?, adjusting adjust: (UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [TokenLogProbability.Alternative] {
        guard count > 0 else { return [] }
        let scores = Tensor(shape: [logits.count]) { scores in
            _ = scores.initialize(fromContentsOf: logits.indices.lazy.map { self[$0] })
            adjust(scores)
            allowed?.exclude(from: scores)
        }
        return scores.withUnsafeBuffer { scores in
            TopTokens.tokens(count, of: scores, scan.maxima(of: scores).ofBlocks, scan)
                .sorted { (scores[Int($0)], $1) > (scores[Int($1)], $0) }
                .map { TokenLogProbability.Alternative(token: Int($0), logProbability: scores[Int($0)]) }
        }
    }

    private func ranked(_ tokens: [Int32]) -> [TokenLogProbability.Alternative] {
        tokens.sorted { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
            .map { TokenLogProbability.Alternative(token: Int($0), logProbability: self[Int($0)]) }
    }
}
