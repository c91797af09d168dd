import AttentionJSON
import AttentionTensors

/// Writes GGUF files (version 3). The same content always gives the same bytes, those of the reference
/// writer.
///
/// The file's contents are described first, and each tensor is asked for when its turn comes, so that the
/// whole model need not be in memory:
///
///     let writer = try GGUFWriter(metadata: [("general.architecture", .string("llama"))], tensors: plans)
///     try writer.write(to: "model.gguf") { plan in try quantized(plan.name) }
public struct GGUFWriter: Sendable {
    /// A tensor's entry in the header of a file that is to be written.
    public struct Plan: Hashable, Sendable {
        /// The tensor's name.
        public let name: String
        /// The form of its elements.
        public let elementType: ElementType
        /// The extents, outermost first; files have them the other way round.
        public let shape: Shape

        /// A tensor whose bytes are given later.
        public init(name: String, elementType: ElementType, shape: Shape) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
        }
    }

    /// The keys and values that are written, in this order.
    public let metadata: [(key: String, value: GGUFValue)]
    /// The tensors that are written, in this order.
    public let tensors: [Plan]
    private let alignment: Int

    /// - Parameters:
    ///   - metadata: In the order in which it is written. `general.alignment`, a `uint32`, is followed.
    ///   - tensors: In the order in which they are written.
    /// - Throws: ``ModelFileError/cannotWrite(file:reason:)`` if a name stands there twice or is too long, a
    ///   tensor has more than four axes or is of a type that the format does not have, or the alignment is no
    ///   power of two.
    public init(metadata: [(key: String, value: GGUFValue)], tensors: [Plan]) throws(ModelFileError) {
        self.metadata = metadata
        self.tensors = tensors
        var alignment = GGUFHeader.usualAlignment
        for (key, value) in metadata where ExactString(key) == ExactString(GGUFKey.alignment) {
            guard case .uint32(let number) = value, number.nonzeroBitCount == 1, number <= 1 << 30 else {
                throw Self.refusal("\(quoted(key)) is not a uint32 power of two of at most 2^30")
            }
            alignment = Int(number)
        }
        self.alignment = alignment
        try Self.checkNames(metadata.map(\.key), limit: GGUFHeader.longestKey, "key")
        try Self.checkNames(tensors.map(\.name), limit: Self.longestTensorName, "tensor")
        for tensor in tensors { try Self.check(tensor) }
    }

    /// ggml's limit, in bytes.
    private static let longestTensorName = 63

    private static func checkNames(_ names: [String], limit: Int, _ what: String) throws(ModelFileError) {
        var seen: Set<ExactString> = []
        for name in names {
            guard seen.insert(ExactString(name)).inserted else {
                throw refusal("\(quoted(name)) is the name of two \(what)s")
            }
            guard name.utf8.count <= limit else {
                throw refusal("\(quoted(name)): a \(what)'s name has at most \(limit) bytes")
            }
        }
    }

    private static func check(_ tensor: Plan) throws(ModelFileError) {
        guard tensor.shape.rank <= GGUFHeader.greatestRank else {
            throw refusal("\(quoted(tensor.name)) has more than \(GGUFHeader.greatestRank) axes")
        }
        guard GGUFElementType(tensor.elementType) != nil else {
            throw refusal(
                "\(quoted(tensor.name)) is stored as \(tensor.elementType.rawValue), which the format does not have"
            )
        }
        guard tensor.elementType.byteCount(of: tensor.shape) != nil else {
            throw refusal("the rows of \(quoted(tensor.name)) are not whole blocks, or it is too large")
        }
    }

    private static func refusal(_ reason: String) -> ModelFileError {
        .cannotWrite(file: "GGUF", reason: reason)
    }

    /// Writes the file, replacing what is at `path` only once the new one is complete.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - tensor: Makes a tensor when its turn comes, of the type and shape that were planned.
    /// - Throws: ``ModelFileError`` if a tensor is not as planned or the file cannot be written; what
    ///   `tensor` throws.
    public func write(to path: String, tensor: (Plan) throws -> StoredTensor) throws {
        try AtomicFile.replace(path) { append in
            let header = padded(try header(path))
            try header.withUnsafeBytes { try append($0) }
            for plan in tensors {
                let stored = try tensor(plan)
                guard stored.elementType == plan.elementType, stored.shape == plan.shape else {
                    throw ModelFileError.cannotWrite(
                        file: path,
                        reason: "\(quoted(plan.name)) is \(stored.elementType.rawValue) \(stored.shape), "
                            + "planned was \(plan.elementType.rawValue) \(plan.shape)")
                }
                try stored.withUnsafeBytes { bytes in try append(bytes) }
                let padding = [UInt8](
                    repeating: 0, count: (alignment - stored.byteCount % alignment) % alignment)
                try padding.withUnsafeBytes { try append($0) }
            }
        }
    }

    private func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment)
    }

    private func header(_ path: String) throws(ModelFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(number: GGUFHeader.magic)
        bytes.append(number: UInt32(3))
        bytes.append(number: UInt64(tensors.count))
        bytes.append(number: UInt64(metadata.count))
        for (key, value) in metadata {
            bytes.append(text: key)
            bytes.append(number: value.kind.rawValue)
            bytes.append(value: value)
        }
        var offset = 0
        for tensor in tensors {
            bytes.append(text: tensor.name)
            bytes.append(number: UInt32(tensor.shape.rank))
            for extent in tensor.shape.reversed() { bytes.append(number: UInt64(extent)) }
            bytes.append(number: GGUFElementType(tensor.elementType)?.rawValue ?? 0)  // checked by `init`
            bytes.append(number: UInt64(offset))
            let (end, overflow) = offset.addingReportingOverflow(
                tensor.elementType.byteCount(of: tensor.shape) ?? 0)
            guard !overflow, end < .max - alignment else {
                throw .cannotWrite(file: path, reason: "the tensors are too large")
            }
            offset = (end + alignment - 1) / alignment * alignment
        }
        return bytes
    }
}

extension GGUFWriter {
    /// Writes tensors that are there already, in their order.
    ///
    /// - Throws: ``ModelFileError``.
    public static func write(
        metadata: [(key: String, value: GGUFValue)], _ tensors: [StoredTensor], to path: String
    ) throws {
        let plans = tensors.map { Plan(name: $0.name, elementType: $0.elementType, shape: $0.shape) }
        let byName = Dictionary(
            tensors.map { (ExactString($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        try GGUFWriter(metadata: metadata, tensors: plans).write(to: path) { plan in
            guard let tensor = byName[ExactString(plan.name)] else {
                throw ModelFileError.cannotWrite(file: path, reason: "\(quoted(plan.name)) is not there")
            }
            return tensor
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(text: String) {
        append(number: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(value: GGUFValue) {
        switch value {
        case .uint8(let value): append(number: value)
        case .int8(let value): append(number: value)
        case .uint16(let value): append(number: value)
        case .int16(let value): append(number: value)
        case .uint32(let value): append(number: value)
        case .int32(let value): append(number: value)
        case .uint64(let value): append(number: value)
        case .int64(let value): append(number: value)
        case .float32(let value): append(number: value.bitPattern)
        case .float64(let value): append(number: value.bitPattern)
        case .bool(let value): append(value ? 1 : 0)
        case .string(let value): append(text: value)
        case .array(let array):
            append(number: array.elementKind.rawValue)
            append(number: UInt64(array.count))
            append(contentsOf: array.bytes)
        }
    }
}

extension GGUFArray {
    /// An array of texts.
    public init(_ strings: [String]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(strings.reduce(0) { $0 + 8 + $1.utf8.count })
        for string in strings { bytes.append(text: string) }
        self.init(elementKind: .string, count: strings.count, bytes: bytes)
    }

    /// An array of signed numbers.
    public init(_ numbers: [Int32]) { self.init(.int32, numbers) }
    /// An array of bytes.
    public init(_ bytes: [UInt8]) { self.init(.uint8, bytes) }
    /// An array of numbers without a sign.
    public init(_ numbers: [UInt32]) { self.init(.uint32, numbers) }
    /// An array of numbers in float32.
    public init(_ numbers: [Float]) { self.init(.float32, numbers.map(\.bitPattern)) }
    /// An array of truth values.
    public init(_ truths: [Bool]) { self.init(.bool, truths.map { UInt8($0 ? 1 : 0) }) }

    private init(_ kind: GGUFValue.Kind, _ numbers: [some FixedWidthInteger]) {
        var bytes: [UInt8] = []
        for number in numbers { bytes.append(number: number) }
        self.init(elementKind: kind, count: numbers.count, bytes: bytes)
    }
}
