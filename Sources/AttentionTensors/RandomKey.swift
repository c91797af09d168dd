import CAttentionKernels

/// The key of random numbers that have no state: each number is a function of the key and of its place.
///
/// The same key gives the same numbers again, in any order, on any number of threads and on every
/// instruction set. So dropout stores no mask, and a training run resumes to the bit from its seed and step:
///
/// ```swift
/// let key = RandomKey(seed: 7).folded(with: step).folded(with: layer)
/// ```
public struct RandomKey: Hashable, Sendable {
    /// The key as the kernels take it. The lower half is mixed with the lower half of a place, the upper half
    /// with the upper.
    package let bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    /// The key that a seed stands for.
    public init(seed: UInt64) { bits = Self.mixed(seed &+ Self.golden) }

    /// A key of its own for one part of the work: a step, a layer, a head. Neighbouring parts have keys, and
    /// so numbers, that have nothing to do with each other.
    public func folded(with part: Int) -> RandomKey {
        RandomKey(bits: Self.mixed(bits ^ Self.mixed(UInt64(bitPattern: Int64(part)) &+ Self.golden)))
    }

    /// The numbers of the places from `first` on, uniform over all 32-bit words.
    ///
    /// - Precondition: `first` is a multiple of 64.
    package func words(first: Int = 0, count: Int) throws(TensorError) -> [UInt32] {
        precondition(first >= 0 && first % 64 == 0, "\(first) is not a multiple of 64")
        let kernels = try Kernels.selected()
        return [UInt32](unsafeUninitializedCapacity: count) { words, initialized in
            guard let address = words.baseAddress else { return }
            kernels.table.pointee.operations.random_words(bits, UInt64(first), Int64(count), address)
            initialized = count
        }
    }

    /// The number of one place, given as two halves: the kernels' computation in Swift.
    package func word(low: UInt32, high: UInt32) -> UInt32 {
        let key = (low: UInt32(truncatingIfNeeded: bits), high: UInt32(truncatingIfNeeded: bits >> 32))
        return Self.mixed(Self.mixed(low ^ key.low) ^ Self.mixed(high ^ key.high))
    }

    /// The permutation of vec_random.h.
    private static func mixed(_ word: UInt32) -> UInt32 {
        var x = word
        x = (x ^ (x >> 16)) &* 0x21f0_aaad
        x = (x ^ (x >> 15)) &* 0x735a_2d97
        return x ^ (x >> 15)
    }

    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// SplitMix64's permutation of 64 bits (doi:10.1145/2714064.2660195).
    private static func mixed(_ bits: UInt64) -> UInt64 {
        var z = bits
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
