import CAttentionKernels

/// The number format of a key/value cache. Computation is in float32 for every format: numbers are converted
/// in registers as they are read.
public enum KeyValueStorage: String, Hashable, Sendable, CaseIterable {
    /// 4 bytes, exact.
    case float32
    /// 2 bytes, 11 significant bits; what is finite and beyond ±65504 is stored as ±65504.
    case float16
    /// 2 bytes, 8 significant bits, the range of float32.
    case bfloat16
    /// 1⅛ bytes: every 32 neighbours of a row are whole multiples, −127 … 127, of a float32 factor of their
    /// own. An infinity or NaN makes its 32 neighbours NaN, so that it is not lost.
    case int8

    /// The bytes of a row of `width` elements. Rows are padded with zeros to whole vectors.
    package func rowBytes(_ width: Int) -> Int {
        let padded = Self.paddedWidth(width)
        return switch self {
        case .float32: 4 * padded
        case .float16, .bfloat16: 2 * padded
        case .int8: padded + (padded + 31) / 32 * MemoryLayout<Float>.stride
        }
    }

    package static func paddedWidth(_ width: Int) -> Int { (width + 15) / 16 * 16 }

    package var kernelValue: ak_cache_type {
        switch self {
        case .float32: AK_CACHE_F32
        case .float16: AK_CACHE_F16
        case .bfloat16: AK_CACHE_BF16
        case .int8: AK_CACHE_Q8
        }
    }
}
