// Blocks of integers that share a scale, rounded and restored by ggml's rules.

extension StoredTensor {
    /// `tensor` rounded to `elementType`, ready to be written to a file or multiplied by.
    ///
    /// q8_0: d = max |x| / 127 and q = x / d, rounded half away from zero. q4_0: d = x / −8 for the x of the largest
    /// magnitude, and q = ⌊x / d + 8.5⌋, at most 15.
    ///
    /// - Parameters:
    ///   - name: What the tensor is called.
    ///   - tensor: `[…, a multiple of 32]`.
    ///   - elementType: ``ElementType/q8_0`` or ``ElementType/q4_0``.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` if the rows are not whole blocks;
    ///   ``TensorError/invalidArgument(_:)`` for another type, or if a number is not finite.
    public init(name: String, _ tensor: Tensor, quantizedTo elementType: ElementType) throws(TensorError) {
        guard elementType == .q8_0 || elementType == .q4_0 else {
            throw .invalidArgument("'\(name)' cannot be rounded to blocks of \(elementType.rawValue)")
        }
        guard let last = tensor.shape.last, last % elementType.blockLength == 0 else {
            throw .shapeMismatch(
                tensor: name, expected: "[…, a multiple of \(elementType.blockLength)]", found: tensor.shape)
        }
        let numbers = tensor.contiguous()
        let storage = TensorStorage(byteCount: elementType.byteCount(of: tensor.shape) ?? 0)
        let blocks = tensor.elementCount / elementType.blockLength
        let isFinite = numbers.withUnsafeBuffer { numbers in
            guard numbers.allSatisfy(\.isFinite) else { return false }
            let bytes = storage.baseAddress.bindMemory(to: UInt8.self, capacity: storage.byteCount)
            WorkerPool.current.run(count: (blocks + 4095) / 4096) { piece, _ in
                for block in piece * 4096..<min((piece + 1) * 4096, blocks) {
                    let from = numbers.baseAddress! + block * 32
                    let to = bytes + block * elementType.byteWidth
                    if elementType == .q8_0 { roundToEightBits(from, to) } else { roundToFourBits(from, to) }
                }
            }
            return true
        }
        guard isFinite else {
            throw .invalidArgument("'\(name)' holds a number that is not finite, which no block can hold")
        }
        try self.init(
            name: name, elementType: elementType, shape: tensor.shape, bytes: 0..<storage.byteCount,
            in: storage)
    }

    /// The numbers of a block type as float32.
    func dequantized() -> Tensor {
        let (width, isEightBits) = (elementType.byteWidth, elementType == .q8_0)
        return Tensor(shape: shape) { destination in
            guard let to = destination.baseAddress else { return }
            withUnsafeBytes { bytes in
                let blocks = bytes.count / width
                WorkerPool.current.run(count: (blocks + 4095) / 4096) { piece, _ in
                    for block in piece * 4096..<min((piece + 1) * 4096, blocks) {
                        let from = bytes.baseAddress! + block * width
                        if isEightBits {
                            restoreEightBits(from, to + block * 32)
                        } else {
                            restoreFourBits(from, to + block * 32)
                        }
                    }
                }
            }
        }
    }
}

private func roundToEightBits(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    var largest: Float = 0
    for i in 0..<32 { largest = max(largest, abs(x[i])) }
    let d = largest / 127
    let inverse = d == 0 ? 0 : 1 / d
    storeScale(d, block)
    for i in 0..<32 {
        let q = (x[i] * inverse).rounded(.toNearestOrAwayFromZero)
        block[2 + i] = UInt8(bitPattern: Int8(max(min(q, 127), -127)))  // 1 / d overflows for tiny d
    }
}

private func roundToFourBits(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    var largest: Float = 0
    for i in 0..<32 where abs(x[i]) > abs(largest) { largest = x[i] }
    let d = largest / -8
    let inverse = d == 0 ? 0 : 1 / d
    storeScale(d, block)
    func rounded(_ x: Float) -> UInt8 { UInt8(max(min(x * inverse + 8.5, 15), 0)) }
    for i in 0..<16 { block[2 + i] = rounded(x[i]) | rounded(x[i + 16]) << 4 }
}

private func storeScale(_ d: Float, _ block: UnsafeMutablePointer<UInt8>) {
    let bits = d.halfBits
    block[0] = UInt8(truncatingIfNeeded: bits)
    block[1] = UInt8(truncatingIfNeeded: bits >> 8)
}

private func scale(of block: UnsafeRawPointer) -> Float {
    Float(halfBits: UInt16(littleEndian: block.loadUnaligned(as: UInt16.self)))
}

private func restoreEightBits(_ block: UnsafeRawPointer, _ x: UnsafeMutablePointer<Float>) {
    let d = scale(of: block)
    for i in 0..<32 { x[i] = Float(block.load(fromByteOffset: 2 + i, as: Int8.self)) * d }
}

private func restoreFourBits(_ block: UnsafeRawPointer, _ x: UnsafeMutablePointer<Float>) {
    let d = scale(of: block)
    for i in 0..<16 {
        let pair = Int32(block.load(fromByteOffset: 2 + i, as: UInt8.self))
        x[i] = Float(pair & 15 - 8) * d
        x[i + 16] = Float(pair >> 4 - 8) * d
    }
}

extension Float {
    /// The nearest IEEE 754 half-precision number, ties to even. (`Float16` does not exist on Intel Macs.)
    package var halfBits: UInt16 {
        let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
        let magnitude = bitPattern & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
        if magnitude >= 0x4780_0000 { return sign | 0x7C00 }
        if magnitude < 0x3880_0000 {  // subnormal: a multiple of 2⁻²⁴
            return sign | UInt16((Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven))
        }
        return sign | UInt16((magnitude + 0xFFF + (magnitude >> 13 & 1)) >> 13 - 112 << 10)
    }
}
