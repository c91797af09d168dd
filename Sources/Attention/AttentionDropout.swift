import AttentionTensors

/// Dropout of attention's weights, for training: each one is set to 0 with probability `rate`, and the others
/// are divided by 1 − rate (Srivastava et al. 2014).
///
/// What is dropped is a function of the key and of the weight's batch element, head, query and key position.
/// Nothing is stored for the backward pass, and neither blocks nor threads nor the instruction set make a
/// difference. A training step takes a key of its own, `key.folded(with: step)`.
public struct AttentionDropout: Hashable, Sendable {
    /// At least 0 and below 1.
    public let rate: Float
    public let key: RandomKey

    /// - Throws: `TensorError.invalidArgument` unless `rate` is at least 0 and below 1.
    public init(rate: Float, key: RandomKey) throws(TensorError) {
        guard rate >= 0, rate < 1 else {
            throw .invalidArgument("a dropout rate of \(rate); it must be at least 0 and below 1")
        }
        self.rate = rate
        self.key = key
    }

    /// Of 2³²: random numbers below it drop.
    var threshold: UInt32 { UInt32(Double(rate) * 0x1p32) }
    /// Of what is kept.
    var scale: Float { 1 / (1 - rate) }
}
