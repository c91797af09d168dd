import AttentionTensors

/// Rotary positions (RoPE, arXiv:2104.09864), as data: each pair of a query's or key's channels turns by an
/// angle in proportion to its position, so that a dot product depends on the distance of two positions.
///
/// ```swift
/// let rope = try RotaryEmbedding(width: 128, base: 500_000)
/// let angles = try rope.angles(positions: past..<past + count)     // once a pass, for all layers
/// let (q, k) = (try angles.turned(query), try angles.turned(key))
/// ```
public struct RotaryEmbedding: Hashable, Sendable {
    /// The choice of the channels that form a pair.
    public enum Pairing: Hashable, Sendable {
        /// i and i + width/2: Llama as Hugging Face stores it, GPT-NeoX, Qwen, Gemma, Phi.
        case halves
        /// 2i and 2i + 1: the paper, Llama as Meta and GGUF store it, GPT-J.
        case interleaved
    }

    /// The change of frequencies with which a model trained on short texts reads longer ones.
    public enum Scaling: Hashable, Sendable {
        case none
        /// All frequencies divided by `factor` (arXiv:2306.15595).
        case linear(factor: Double)
        /// Llama 3.1: frequencies whose wave fits into `originalPositions` less than `lowFrequencyFactor`
        /// times are divided by `factor`, those that fit more than `highFrequencyFactor` times stay, and
        /// between there is a ramp.
        case llama3(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int)
        /// YaRN (arXiv:2309.00071): a ramp over the pairs, from those that turn `fastTurns` times within
        /// `originalPositions`, which stay, to those that turn `slowTurns` times, which are divided by
        /// `factor`. Both vectors grow by `magnitude`; nil: 0.1 · ln(factor) + 1. `roundsRamp`: whether the
        /// ramp's ends are whole pairs, as in most models.
        case yarn(
            factor: Double, originalPositions: Int, fastTurns: Double = 32, slowTurns: Double = 1,
            magnitude: Double? = nil, roundsRamp: Bool = true)
        /// Each pair's frequency divided by a number of its own: the `rope_freqs` of GGUF files. Both vectors
        /// grow by `magnitude`.
        case divisors([Float], magnitude: Double = 1)
        /// LongRoPE (arXiv:2402.13753): divisors for texts of up to `originalPositions`, and others for
        /// longer ones. Both vectors grow by `magnitude`, whatever the length.
        case longRope(short: [Float], long: [Float], originalPositions: Int, magnitude: Double)
        /// Dynamic NTK: for a text r times as long as `originalPositions`, r > 1, the base is θ · (factor · r
        /// − factor + 1)^(width / (width − 2)), so that the fastest pair turns as before and the slowest
        /// turns `factor` · r − `factor` + 1 times slower.
        case dynamic(factor: Double, originalPositions: Int)
    }

    /// The number of channels that turn; the rest of a head stays as it is.
    public let width: Int
    /// θ: each pair of channels turns slower than the one before by a power of it.
    public let base: Double
    /// Which channels turn together.
    public let pairing: Pairing
    /// How frequencies are changed for texts that are longer than those of the training.
    public let scaling: Scaling
    /// The angle of each pair for one position, in radians. If it depends on the text's length
    /// (``dependsOnLength``), these are the angles for texts within the original positions.
    public let frequencies: [Double]
    /// The factor of turned vectors.
    public let magnitude: Double

    /// - Parameters:
    ///   - width: The number of channels that turn: D, or less where only a part of a head does. Even.
    ///   - base: θ: pair i turns by θ^(−2i/width) for each position.
    ///   - pairing: Which channels form a pair.
    ///   - scaling: The change of frequencies for longer texts.
    /// - Throws: `TensorError.invalidArgument` for numbers that make no sense together.
    public init(
        width: Int, base: Double = 10_000, pairing: Pairing = .halves, scaling: Scaling = .none
    ) throws(TensorError) {
        // Hostile files claim widths that no memory holds the frequencies of.
        guard width > 0, width % 2 == 0, width <= 1 << 20 else {
            throw .invalidArgument("rotary positions turn a positive, even number of channels, not \(width)")
        }
        guard base.isFinite, base > 0 else {
            throw .invalidArgument("the base of rotary positions must be positive, not \(base)")
        }
        let plain = (0..<width / 2).map { Double.exp(-2 * Double($0) / Double(width) * Double.log(base)) }
        self.width = width
        self.base = base
        self.pairing = pairing
        self.scaling = scaling
        (frequencies, magnitude) = try scaling.applied(to: plain, base: base)
    }

    /// The angles of `positions`, for one forward pass.
    ///
    /// In double precision: in single precision an angle at position 100,000 is off by 0.004.
    ///
    /// - Parameter positions: The position of each row, the same for all batch elements; or those of the
    ///   first batch element, of the second and so on.
    public func angles(positions: some Collection<Int>) -> RotaryAngles {
        let positions = Array(positions)
        let pairs = frequencies.count
        var sines = Tensor.zeros([positions.count, pairs])
        let cosines = Tensor(shape: [positions.count, pairs]) { cosines in
            sines.withUnsafeMutableBuffer { sines in
                let (cosines, sines) = (cosines.baseAddress!, sines.baseAddress!)
                // A sine and a cosine cost about as much as thirty simple operations.
                forEachRowBlock(rows: positions.count, width: pairs * 32) { first, count in
                    for row in first..<first + count {
                        for (pair, frequency) in frequencies.enumerated() {
                            let angle = Double(positions[row]) * frequency
                            (cosines + row * pairs + pair).initialize(
                                to: Float(magnitude * Double.cos(angle)))
                            (sines + row * pairs + pair).initialize(to: Float(magnitude * Double.sin(angle)))
                        }
                    }
                }
            }
        }
        return RotaryAngles(checkedCosines: cosines, sines: sines, pairing: pairing)
    }
}
