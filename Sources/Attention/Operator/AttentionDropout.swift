import AttentionTensors

/// Dropout of attention's weights, for training: each one is set to 0 with probability `rate`, and the others
/// are divided by 1 − rate (Srivastava et al. 2014).
///
/// Whether a weight is dropped is a function of the random key and of the weight's batch element, head, query
/// and key position. Nothing is stored for the backward pass, and blocks, threads and instruction sets make
/// no difference. A training step takes a random key of its own, `key.folded(with: step)`.
public struct AttentionDropout: Hashable, Sendable {
    /// At least 0 and below 1.
    public let rate: Float
    /// The random numbers that choose the weights.
    public let key: RandomKey

    /// - Throws: `TensorError.invalidArgument` unless `rate` is at least 0 and below 1.
    public init(rate: Float, key: RandomKey) throws(TensorError) {
        guard rate >= 0, rate < 1 else {
            throw .invalidArgument("a dropout rate of \(rate); it must be at least 0 and below 1")
        }
        self.rate = rate
        self.key = key
    }

    /// The bound, of 2³², below which a random number drops its weight.
    var threshold: UInt32 { UInt32(Double(rate) * 0x1p32) }
    /// The factor of the weights that are kept.
    var scale: Float { 1 / (1 - rate) }
}
