/// A GGUF file, written byte by byte, so that tests can also write what no writer would.
public struct GGUFBytes: Sendable {
    /// A value of the metadata: the number of its type, and its bytes.
    public struct Value: Sendable {
        public var type: UInt32
        public var bytes: [UInt8]

        public init(type: UInt32, bytes: [UInt8]) {
            self.type = type
            self.bytes = bytes
        }

        public static func uint32(_ value: UInt32) -> Value { .init(type: 4, bytes: le(value)) }
        public static func int32(_ value: Int32) -> Value { .init(type: 5, bytes: le(value)) }
        public static func uint64(_ value: UInt64) -> Value { .init(type: 10, bytes: le(value)) }
        public static func float32(_ value: Float) -> Value { .init(type: 6, bytes: le(value.bitPattern)) }
        public static func bool(_ value: Bool) -> Value { .init(type: 7, bytes: [value ? 1 : 0]) }
        public static func string(_ value: String) -> Value { .init(type: 8, bytes: text(value)) }

        public static func strings(_ values: [String]) -> Value {
            .init(type: 9, bytes: le(UInt32(8)) + le(UInt64(values.count)) + values.flatMap(text))
        }

        public static func floats(_ values: [Float]) -> Value {
            .init(
                type: 9,
                bytes: le(UInt32(6)) + le(UInt64(values.count)) + values.flatMap { le($0.bitPattern) })
        }

        public static func integers(_ values: [Int32]) -> Value {
            .init(type: 9, bytes: le(UInt32(5)) + le(UInt64(values.count)) + values.flatMap { le($0) })
        }
    }

    public struct Tensor: Sendable {
        public var name: String
        /// Innermost first, as in files.
        public var extents: [UInt64]
        public var type: UInt32
        public var offset: UInt64

        public init(_ name: String, _ extents: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
            self.name = name
            self.extents = extents
            self.type = type
            self.offset = offset
        }
    }

    public var magic = Array("GGUF".utf8)
    public var version: UInt32 = 3
    public var values: [(key: String, value: Value)]
    public var tensors: [Tensor]
    /// The header's counts, if they are not the true ones.
    public var valueCount: UInt64?
    public var tensorCount: UInt64?
    public var alignment = 32
    public var data: [UInt8]

    public init(_ values: [(String, Value)] = [], tensors: [Tensor] = [], data: Int = 0) {
        self.values = values.map { (key: $0.0, value: $0.1) }
        self.tensors = tensors
        self.data = (0..<data).map { UInt8(truncatingIfNeeded: $0) }
    }

    public var bytes: [UInt8] {
        var bytes = magic + le(version)
        bytes += le(tensorCount ?? UInt64(tensors.count)) + le(valueCount ?? UInt64(values.count))
        for (key, value) in values { bytes += text(key) + le(value.type) + value.bytes }
        for tensor in tensors {
            bytes += text(tensor.name) + le(UInt32(tensor.extents.count)) + tensor.extents.flatMap { le($0) }
            bytes += le(tensor.type) + le(tensor.offset)
        }
        guard !tensors.isEmpty || !data.isEmpty else { return bytes }
        bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment)
        return bytes + data
    }
}

private func le<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

private func text(_ string: String) -> [UInt8] { le(UInt64(string.utf8.count)) + Array(string.utf8) }
