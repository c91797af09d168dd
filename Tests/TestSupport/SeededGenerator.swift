import AttentionTensors

/// A small generator with a seed (SplitMix64), so that a failure can be repeated.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Numbers with mean 0 and variance 1 (the sum of twelve uniform ones).
    public mutating func normal() -> Float {
        (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
    }

    /// A tensor of normal numbers times `scale`.
    public mutating func tensor(_ shape: Shape, scale: Float = 1) -> Tensor {
        Tensor(shape: shape) { elements in
            for index in elements.indices { elements.initializeElement(at: index, to: normal() * scale) }
        }
    }
}
