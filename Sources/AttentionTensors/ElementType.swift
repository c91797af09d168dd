/// How one element of a stored tensor is written down.
///
/// Computation is in float32; the other types are what files hold.
public enum ElementType: String, Sendable, CaseIterable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8
    case uint64, uint32, uint16, uint8
    case bool
    /// GGUF's blocks of 32: a float16 d, then 32 int8 q; the numbers are q · d.
    case q8_0
    /// GGUF's blocks of 32: a float16 d, then 16 bytes that hold q in 4 bits, the first half of the block in the low
    /// ones; the numbers are (q − 8) · d.
    case q4_0

    /// How many elements are written down together: 32 for the block types, or 1.
    public var blockLength: Int {
        switch self {
        case .q8_0, .q4_0: 32
        default: 1
        }
    }

    /// The width of an element, or of a block of ``blockLength`` elements, in bytes.
    public var byteWidth: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        case .q8_0: 34
        case .q4_0: 18
        }
    }

    /// Whether it holds real numbers in fewer bits than float32.
    package var isReduced: Bool {
        switch self {
        case .float16, .bfloat16, .q8_0, .q4_0: true
        default: false
        }
    }

    /// The bytes of a tensor of this type, or nil if they do not fit in an `Int`, or if its rows are not whole blocks.
    public func byteCount(of shape: Shape) -> Int? {
        guard blockLength == 1 || (shape.last ?? 1) % blockLength == 0 else { return nil }
        let (count, overflow) = (shape.elementCount / blockLength).multipliedReportingOverflow(by: byteWidth)
        return overflow ? nil : count
    }
}
