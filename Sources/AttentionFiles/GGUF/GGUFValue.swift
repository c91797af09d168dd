/// A value of a GGUF file's metadata, in exactly the type that the file gives it.
public enum GGUFValue: Hashable, Sendable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case int64(Int64)
    case float32(Float)
    case float64(Double)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)

    /// The types, numbered as in files.
    public enum Kind: UInt32, Sendable, CaseIterable {
        case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        /// The bytes of one value; nil where they differ.
        var byteWidth: Int? {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            case .string, .array: nil
            }
        }
    }

    /// The type of the value.
    public var kind: Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .uint64: .uint64
        case .int64: .int64
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        case .string: .string
        case .array: .array
        }
    }

    /// A whole number of any type that fits in an `Int`; nil if this is none.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(exactly: value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(exactly: value)
        default: nil
        }
    }

    /// A number of any type, rounded; nil if this is none.
    public var double: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        case .uint64(let value): Double(value)
        default: integer.map { Double($0) }
        }
    }

    /// The truth value; nil if this is none.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The text; nil if this is none.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The array; nil if this is none.
    public var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }
}

/// An array of a GGUF file's metadata. A vocabulary has hundreds of thousands of elements, so they stay as
/// they are in the file until they are asked for.
public struct GGUFArray: Hashable, Sendable {
    /// The type of every element.
    public let elementKind: GGUFValue.Kind
    /// The number of elements.
    public let count: Int
    /// The elements as they are in the file, whose lengths have been checked.
    let bytes: [UInt8]

    /// At most the first `limit` elements.
    func prefix(_ limit: Int) -> GGUFArray {
        guard count > limit else { return self }
        var byteCount = limit * (elementKind.byteWidth ?? 0)
        if elementKind.byteWidth == nil {
            byteCount = bytes.withUnsafeBytes { bytes in
                var reader = GGUFReader(bytes, file: "")
                for _ in 0..<limit { _ = try? reader.textRange() }
                return reader.position
            }
        }
        return GGUFArray(elementKind: elementKind, count: limit, bytes: Array(bytes[..<byteCount]))
    }

    /// The elements, if they are texts; nil if they are not, or one is not valid UTF-8.
    public var strings: [String]? {
        guard elementKind == .string else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var reader = GGUFReader(bytes, file: "")
            var strings: [String] = []
            strings.reserveCapacity(count)
            for _ in 0..<count {
                guard let string = try? reader.text() else { return nil }
                strings.append(string)
            }
            return strings
        }
    }

    /// The elements, if they are whole numbers that fit in an `Int`.
    public var integers: [Int]? {
        switch elementKind {
        case .uint8: elements(UInt8.self).map { Int($0) }
        case .int8: elements(Int8.self).map { Int($0) }
        case .uint16: elements(UInt16.self).map { Int(UInt16(littleEndian: $0)) }
        case .int16: elements(Int16.self).map { Int(Int16(littleEndian: $0)) }
        case .uint32: elements(UInt32.self).map { Int(UInt32(littleEndian: $0)) }
        case .int32: elements(Int32.self).map { Int(Int32(littleEndian: $0)) }
        case .int64: elements(Int64.self).map { Int(Int64(littleEndian: $0)) }
        case .uint64: exact(elements(UInt64.self).map { Int(exactly: UInt64(littleEndian: $0)) })
        default: nil
        }
    }

    /// The elements, if they are floating-point numbers, rounded to single precision.
    public var floats: [Float]? {
        switch elementKind {
        case .float32: elements(UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .float64: elements(UInt64.self).map { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
        default: nil
        }
    }

    /// The elements, if they are truth values.
    public var bools: [Bool]? { elementKind == .bool ? bytes.map { $0 != 0 } : nil }

    private func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
        bytes.withUnsafeBytes { bytes in
            (0..<count).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
            }
        }
    }

    private func exact(_ numbers: [Int?]) -> [Int]? {
        let exact = numbers.compactMap(\.self)
        return exact.count == numbers.count ? exact : nil
    }
}
