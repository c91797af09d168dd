import CAttentionKernels

/// The storage format of a tensor's elements. Computation is in float32; files hold the other types too.
// swift-format-ignore: AlwaysUseLowerCamelCase
public enum ElementType: String, Sendable, CaseIterable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8
    case uint64, uint32, uint16, uint8
    case bool
    /// GGUF's blocks of 32 8-bit integers q with a float16 d; the numbers are q · d.
    case q8_0
    /// GGUF's blocks of 32 with a float16 d: (q − 8) · d with 4 bits, (q − 16) · d with 5.
    case q4_0, q5_0
    /// GGUF's blocks of 32 with a float16 d and a float16 m: q · d + m, q in 4 or 5 bits.
    case q4_1, q5_1
    /// GGUF's blocks of 256 with a float16 d and factors s for 16 numbers each: (q − 4) · s · d with 3 bits,
    /// s in 6; (q − 32) · s · d with 6 bits, s in 8.
    case q3_K, q6_K
    /// GGUF's blocks of 256 with float16 d and e and factors s and m: q · s · d − m · e. q2_K has 2 bits, and
    /// factors of 4 bits for 16 numbers each; q4_K and q5_K have 4 and 5, and factors of 6 bits for 32
    /// numbers.
    case q2_K, q4_K, q5_K

    /// The number of elements of a block: 32 or 256 for the block types, or 1.
    public var blockLength: Int { blockLayout.map { Int($0.length) } ?? 1 }

    /// The width of an element, or of a block of ``blockLength`` elements, in bytes.
    public var byteWidth: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        default: blockLayout.map { Int($0.bytes) } ?? 0
        }
    }

    /// Whether it holds real numbers in fewer bits than float32.
    package var isReduced: Bool { self == .float16 || self == .bfloat16 || blockFormat != nil }

    /// Whether `StoredTensor.init(name:_:quantizedTo:)` can round numbers to it.
    public var canBeQuantizedTo: Bool {
        switch self {
        case .float32, .float16, .bfloat16: true
        default: blockFormat.map { ak_can_round_blocks($0) != 0 } ?? false
        }
    }

    /// The kernels' number of a block type; nil for the others.
    var blockFormat: Int32? {
        let format: ak_block_format
        switch self {
        case .q8_0: format = AK_Q8_0
        case .q4_0: format = AK_Q4_0
        case .q4_1: format = AK_Q4_1
        case .q5_0: format = AK_Q5_0
        case .q5_1: format = AK_Q5_1
        case .q2_K: format = AK_Q2_K
        case .q3_K: format = AK_Q3_K
        case .q4_K: format = AK_Q4_K
        case .q5_K: format = AK_Q5_K
        case .q6_K: format = AK_Q6_K
        default: return nil
        }
        return Int32(format.rawValue)
    }

    var blockLayout: ak_block_layout? { blockFormat.map { ak_layout_of($0) } }

    /// The bytes of a tensor of this type, or nil if they do not fit in an `Int`, or if its rows are not
    /// whole blocks.
    public func byteCount(of shape: Shape) -> Int? {
        guard blockLength == 1 || (shape.last ?? 1) % blockLength == 0 else { return nil }
        let (count, overflow) = (shape.elementCount / blockLength).multipliedReportingOverflow(by: byteWidth)
        return overflow ? nil : count
    }
}
