import CAttentionKernels

/// A weight `[outputs, inputs]` in blocks of 32 integers, laid out for one instruction set: as many outputs as a vector
/// has lanes stand together, interleaved by fours, and their scales apart. It takes the bytes of the file's form (and
/// the outputs are filled up to whole groups).
package struct BlockMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    private let elementType: ElementType
    private let kernels: Kernels
    private let integers: TensorStorage
    private let scales: TensorStorage

    /// - Parameter weight: `[outputs, inputs]` in q8_0 or q4_0.
    init(_ weight: StoredTensor) throws(TensorError) {
        (outputs, inputs) = (weight.shape[0], weight.shape[1])
        elementType = weight.elementType
        kernels = try Kernels.selected()
        let lanes = kernels.laneWidth
        let (groups, blocks) = ((outputs + lanes - 1) / lanes, inputs / 32)
        integers = TensorStorage(byteCount: groups * lanes * blocks * (elementType.byteWidth - 2))
        scales = TensorStorage(byteCount: groups * lanes * blocks * 2)
        let rowBytes = blocks * elementType.byteWidth
        let (pack, format) = (kernels.table.pointee.weights.pack_group!, format)
        let (outputs, integers, scales) = (outputs, pointer(to: UInt8.self), scalePointer)
        let groupBytes = blocks * lanes * (elementType.byteWidth - 2)
        weight.withUnsafeBytes { bytes in
            guard let from = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            WorkerPool.current.run(count: groups) { group, _ in
                pack(
                    from + group * lanes * rowBytes, rowBytes, Int64(min(lanes, outputs - group * lanes)),
                    Int64(blocks), format, integers + group * groupBytes, scales + group * blocks * lanes)
            }
        }
    }

    private var format: Int32 { Int32((elementType == .q8_0 ? AK_Q8_0 : AK_Q4_0).rawValue) }
    private func pointer<T>(to type: T.Type) -> UnsafeMutablePointer<T> {
        integers.baseAddress.assumingMemoryBound(to: type)
    }
    private var scalePointer: UnsafeMutablePointer<UInt16> {
        scales.baseAddress.assumingMemoryBound(to: UInt16.self)
    }

    func float32() throws(TensorError) -> Tensor {
        let (lanes, blocks, rowBytes) = (kernels.laneWidth, inputs / 32, inputs / 32 * elementType.byteWidth)
        let storage = TensorStorage(byteCount: outputs * rowBytes)
        let rows = storage.baseAddress.assumingMemoryBound(to: UInt8.self)
        let groupBytes = blocks * lanes * (elementType.byteWidth - 2)
        for output in stride(from: 0, to: outputs, by: lanes) {
            kernels.table.pointee.weights.unpack_group(
                pointer(to: UInt8.self) + output / lanes * groupBytes, scalePointer + output * blocks,
                Int64(min(lanes, outputs - output)), Int64(blocks), format, rows + output * rowBytes, rowBytes
            )
        }
        return try StoredTensor(
            name: "weight", elementType: elementType, shape: [outputs, inputs], bytes: 0..<storage.byteCount,
            in: storage
        ).float32()
    }

    func product(_ x: Tensor, bias: Tensor?, activation: Activation) throws(TensorError) -> Tensor {
        try layerOutput(x, inputs: inputs, outputs: outputs, bias: bias) { x, rows, bias, y in
            let blocks = inputs / 32
            // In floats: a row's integers, scales and sums.
            MemoryPool.withFloats(rows * (inputs / 4 + 2 * blocks) + 1) { memory in
                let q = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: Int8.self)
                let scale = memory + rows * inputs / 4
                let sum = UnsafeMutableRawPointer(scale + rows * blocks).assumingMemoryBound(to: Int32.self)
                forEachPiece(rows: rows, tallest: 32, outputs: 1, widest: 1, step: 1, depth: inputs) {
                    part, _ in
                    let first = part.lowerBound
                    kernels.table.pointee.weights.quantize_rows(
                        x + first * inputs, inputs, Int64(part.count), Int64(blocks), format,
                        q + first * inputs, scale + first * blocks, sum + first * blocks)
                }
                multiply(
                    ak_block_product(
                        x: q, x_scale: scale, x_sum: sum, w: pointer(to: UInt8.self), w_scale: scalePointer,
                        y: y, y_row: outputs, bias: bias, m: Int64(rows), blocks: Int64(blocks),
                        n: Int64(outputs), format: format, activation: Int32(activation.kernelValue.rawValue))
                )
            }
        }
    }

    private func multiply(_ whole: ak_block_product) {
        let (lanes, blocks) = (kernels.laneWidth, inputs / 32)
        // A piece's rows, one byte a number, pass by two groups at a time: 512 KiB stay in the second-level cache.
        let tallest = max(524_288 / max(inputs, 1) / 6 * 6, 6)
        forEachPiece(
            rows: Int(whole.m), tallest: tallest, outputs: outputs, widest: outputs, step: 2 * lanes,
            depth: inputs
        ) { rows, columns in
            let (first, column) = (rows.lowerBound, columns.lowerBound)
            var part = whole
            part.x += first * inputs
            part.x_scale += first * blocks
            part.x_sum += first * blocks
            part.w += column * blocks * (elementType.byteWidth - 2)
            part.w_scale += column * blocks
            part.y += first * outputs + column
            part.bias = part.bias.map { $0 + column }
            part.m = Int64(rows.count)
            part.n = Int64(columns.count)
            kernels.table.pointee.weights.multiply_blocks(&part)
        }
    }
}
