/// A tensor in the form of a file: its element type, its shape and its bytes, little-endian.
public struct StoredTensor: Sendable {
    /// The tensor's name.
    public let name: String
    /// The form of its elements.
    public let elementType: ElementType
    /// The extents, outermost first.
    public let shape: Shape
    let storage: TensorStorage
    let byteOffset: Int

    /// - Throws: ``TensorError/countMismatch(tensor:expected:found:)`` unless `bytes` fills the shape;
    ///   ``TensorError/shapeMismatch(tensor:expected:found:)`` unless its rows are whole blocks.
    package init(
        name: String, elementType: ElementType, shape: Shape, bytes: Range<Int>, in storage: TensorStorage
    ) throws(TensorError) {
        let block = elementType.blockLength
        guard (shape.last ?? 1) % block == 0 || block == 1 else {
            throw .shapeMismatch(tensor: name, expected: "[…, a multiple of \(block)]", found: shape)
        }
        guard bytes.count == elementType.byteCount(of: shape), bytes.lowerBound >= 0,
            bytes.upperBound <= storage.byteCount
        else {
            throw .countMismatch(
                tensor: name, expected: shape.elementCount, found: bytes.count / elementType.byteWidth * block
            )
        }
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.storage = storage
        byteOffset = bytes.lowerBound
    }

    /// A stored tensor with its own copy of `bytes`.
    public init(name: String, elementType: ElementType, shape: Shape, bytes: [UInt8]) throws(TensorError) {
        let storage = bytes.withUnsafeBytes { TensorStorage(copying: $0) }
        try self.init(name: name, elementType: elementType, shape: shape, bytes: 0..<bytes.count, in: storage)
    }

    /// The numbers of `tensor`, ready to be written to a file. They carry no gradient.
    public init(name: String, _ tensor: Tensor) {
        let tensor = tensor.contiguous()
        self.name = name
        elementType = .float32
        shape = tensor.shape
        storage = tensor.storage
        byteOffset = tensor.offset * MemoryLayout<Float>.stride
    }

    /// The same with bytes of its own.
    func copied() throws(TensorError) -> StoredTensor {
        let copy = withUnsafeBytes { TensorStorage(copying: $0) }
        return try StoredTensor(
            name: name, elementType: elementType, shape: shape, bytes: 0..<byteCount, in: copy)
    }

    /// Lets the system take a mapped file's pages back, after a copy of the tensor in another form, so that
    /// not both stay in memory. A later read of the tensor reads the file again.
    package func releasePages(_ bytes: Range<Int>? = nil) {
        let bytes = bytes ?? 0..<byteCount
        storage.releasePages(byteOffset + bytes.lowerBound..<byteOffset + bytes.upperBound)
    }

    /// Brings a mapped tensor that is read again and again onto large pages. See ``FilePages``.
    func settle() { storage.settle(byteOffset..<byteOffset + byteCount) }

    /// The bytes that the elements take.
    public var byteCount: Int { shape.elementCount / elementType.blockLength * elementType.byteWidth }

    /// Gives `body` the elements as they are stored.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.baseAddress + byteOffset, count: byteCount))
    }

    /// The numbers as float32. A float32 tensor that is aligned in its file is not copied.
    ///
    /// - Throws: ``TensorError/unsupportedElementType(tensor:found:)`` for types that are not floating point.
    public func float32() throws(TensorError) -> Tensor {
        let isAligned = (UInt(bitPattern: storage.baseAddress) + UInt(byteOffset)) % 4 == 0
        if elementType == .float32, isAligned, byteOffset % 4 == 0 {
            return Tensor(
                shape: shape, strides: shape.contiguousStrides, offset: byteOffset / 4, storage: storage)
        }
        if let format = elementType.blockFormat { return dequantized(format) }
        let convert: (UnsafeRawPointer) -> Float
        switch elementType {
        case .float32:
            convert = { Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))) }
        case .float64:
            convert = { Float(Double(bitPattern: UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)))) }
        case .float16: convert = { Float(halfBits: UInt16(littleEndian: $0.loadUnaligned(as: UInt16.self))) }
        case .bfloat16:
            convert = {
                Float(bitPattern: UInt32(UInt16(littleEndian: $0.loadUnaligned(as: UInt16.self))) << 16)
            }
        default: throw .unsupportedElementType(tensor: name, found: elementType)
        }
        let width = elementType.byteWidth
        return Tensor(shape: shape) { destination in
            withUnsafeBytes { bytes in
                for index in destination.indices {
                    destination.initializeElement(at: index, to: convert(bytes.baseAddress! + index * width))
                }
            }
        }
    }
}

extension Float {
    /// The value of an IEEE 754 half-precision number. (`Float16` does not exist on Intel Macs.)
    package init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:  // zero and subnormals: fraction · 2⁻²⁴
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case 0x1F: self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
