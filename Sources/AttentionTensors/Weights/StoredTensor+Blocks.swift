import CAttentionKernels

extension StoredTensor {
    /// `tensor` rounded to `elementType`, ready to be written to a file or multiplied by.
    ///
    /// float16 and bfloat16 take the nearest number, ties to even. The simple block types follow ggml's rules
    /// to the bit; for the K types scales are searched for that keep the sum of squared errors small.
    ///
    /// - Parameters:
    ///   - name: What the tensor is called.
    ///   - tensor: `[…, a multiple of the block's length]`.
    ///   - elementType: One that ``ElementType/canBeQuantizedTo``.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` if the rows are not whole blocks;
    ///   ``TensorError/invalidArgument(_:)`` for another type, or if a number is not finite and the type is
    ///   one of blocks.
    public init(name: String, _ tensor: Tensor, quantizedTo elementType: ElementType) throws(TensorError) {
        guard elementType.canBeQuantizedTo else {
            throw .invalidArgument("'\(name)' cannot be rounded to \(elementType.rawValue)")
        }
        let length = elementType.blockLength
        guard length == 1 || (tensor.shape.last ?? 1) % length == 0,
            let byteCount = elementType.byteCount(of: tensor.shape)
        else {
            throw .shapeMismatch(tensor: name, expected: "[…, a multiple of \(length)]", found: tensor.shape)
        }
        if elementType == .float32 {
            self.init(name: name, tensor)
            return
        }
        let numbers = tensor.contiguous()
        let storage = TensorStorage(byteCount: byteCount)
        let to = UnsafeMutableRawBufferPointer(start: storage.baseAddress, count: byteCount)
        let isRounded = numbers.withUnsafeBuffer { numbers in
            guard elementType.blockLength == 1 || numbers.allSatisfy(\.isFinite) else { return false }
            elementType.round(numbers, to: to)
            return true
        }
        guard isRounded else {
            throw .invalidArgument("'\(name)' holds a number that is not finite, which no block can hold")
        }
        try self.init(
            name: name, elementType: elementType, shape: tensor.shape, bytes: 0..<storage.byteCount,
            in: storage)
    }

    /// The numbers of a block type as float32.
    func dequantized(_ format: Int32) -> Tensor {
        let (length, width) = (elementType.blockLength, elementType.byteWidth)
        return Tensor(shape: shape) { destination in
            guard let to = destination.baseAddress else { return }
            withUnsafeBytes { bytes in
                guard let from = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
                forEachPortion(of: bytes.count / width) { first, count in
                    ak_read_blocks(
                        from + first * width, Int64(count * length / 32), format, to + first * length)
                }
            }
        }
    }

    /// The numbers of row `row` of a matrix, `to[shape[1]]`. The type is one that ``ElementType/isReduced``.
    func readRow(_ row: Int, _ kernels: Kernels, to: UnsafeMutablePointer<Float>) {
        let width = shape[1]
        withUnsafeBytes { table in
            guard let table = table.baseAddress else { return }
            let from = table + row * (width / elementType.blockLength * elementType.byteWidth)
            if let format = elementType.blockFormat {
                ak_read_blocks(from.assumingMemoryBound(to: UInt8.self), Int64(width / 32), format, to)
            } else {
                let format = elementType == .bfloat16 ? AK_BFLOAT16 : AK_FLOAT16
                kernels.table.pointee.weights.from_half(
                    from.assumingMemoryBound(to: UInt16.self), Int64(width), Int32(format.rawValue), to)
            }
        }
    }
}

extension ElementType {
    /// Rounds to 16-bit floats or to blocks.
    fileprivate func round(_ numbers: UnsafeBufferPointer<Float>, to bytes: UnsafeMutableRawBufferPointer) {
        guard let from = numbers.baseAddress, let to = bytes.baseAddress else { return }
        let (length, width, format) = (blockLength, byteWidth, blockFormat)
        forEachPortion(of: numbers.count / length) { first, count in
            if let format {
                ak_round_blocks(
                    from + first * length, Int64(count), format,
                    (to + first * width).assumingMemoryBound(to: UInt8.self))
                return
            }
            for index in first..<first + count {
                let number = from[index]
                let bits = self == .bfloat16 ? number.brainBits : number.halfBits
                to.storeBytes(of: bits.littleEndian, toByteOffset: index * 2, as: UInt16.self)
            }
        }
    }
}

/// Runs `body` over runs of 256 blocks.
private func forEachPortion(of blocks: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
    WorkerPool.current.run(count: (blocks + 255) / 256) { piece, _ in
        body(piece * 256, min(256, blocks - piece * 256))
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

    /// The nearest bfloat16 number, ties to even.
    package var brainBits: UInt16 {
        if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bitPattern + 0x7FFF + (bitPattern >> 16 & 1)) >> 16)
    }
}
