import AttentionTensors

/// The type of a tensor's elements in a `.safetensors` file; the raw value is its name in the header.
///
/// The types that are computed with come first, in the order in which a writer sorts tensors: widest first,
/// so that every tensor is aligned to its own element. The order within a width is the reference writer's.
public enum SafetensorsElementType: String, Sendable, CaseIterable {
    case uint64 = "U64"
    case int64 = "I64"
    case float64 = "F64"
    case float32 = "F32"
    case uint32 = "U32"
    case int32 = "I32"
    case bfloat16 = "BF16"
    case float16 = "F16"
    case uint16 = "U16"
    case int16 = "I16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"
    case complex64 = "C64"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"
    case float8e8m0 = "F8_E8M0"
    case float8e4m3fnuz = "F8_E4M3FNUZ"
    case float8e5m2fnuz = "F8_E5M2FNUZ"
    case float6e2m3 = "F6_E2M3"
    case float6e3m2 = "F6_E3M2"
    case float4 = "F4"

    /// The type of a file's elements that is computed with as `elementType`; nil where there is none.
    public init?(_ elementType: ElementType) {
        guard let match = Self.allCases.first(where: { $0.elementType == elementType }) else { return nil }
        self = match
    }

    /// The type in which tensors are computed with; nil where there is none.
    public var elementType: ElementType? {
        switch self {
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        case .float32: .float32
        case .uint32: .uint32
        case .int32: .int32
        case .bfloat16: .bfloat16
        case .float16: .float16
        case .uint16: .uint16
        case .int16: .int16
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        default: nil
        }
    }

    /// The bits of an element.
    public var bitWidth: Int {
        switch self {
        case .uint64, .int64, .float64, .complex64: 64
        case .float32, .uint32, .int32: 32
        case .bfloat16, .float16, .uint16, .int16: 16
        case .float6e2m3, .float6e3m2: 6
        case .float4: 4
        default: 8
        }
    }

    /// The bytes of a tensor; nil if they are no whole number or do not fit in an `Int`.
    func byteCount(of shape: Shape) -> Int? {
        let (bits, overflow) = shape.elementCount.multipliedReportingOverflow(by: bitWidth)
        // Eight elements are whole bytes in every type.
        guard overflow else { return bits % 8 == 0 ? bits / 8 : nil }
        let (bytes, bytesOverflow) = (shape.elementCount / 8).multipliedReportingOverflow(by: bitWidth)
        return bytesOverflow || shape.elementCount % 8 != 0 ? nil : bytes
    }

    /// The place in the writing order.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
    static var readableNames: String {
        allCases.filter { $0.elementType != nil }.map(\.rawValue).joined(separator: ", ")
    }
}
