import CAttentionKernels

/// A weight `[outputs, inputs]` in one of GGUF's block types, laid out for one instruction set: as many outputs as a
/// vector has lanes stand together, interleaved by fours, and their scales apart (`ak_blocks.h`). It takes the bytes of
/// the file's form, or a few more (and the outputs are filled up to whole groups).
package struct BlockMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    private let format: Int32
    private let layout: ak_block_layout
    private let kernels: Kernels
    private let integers: TensorStorage
    private let scales: TensorStorage

    /// A mapped file's pages are given back as soon as they are laid out.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`.
    ///   - format: Its type.
    init(_ weight: StoredTensor, format: Int32) throws(TensorError) {
        (outputs, inputs) = (weight.shape[0], weight.shape[1])
        (self.format, layout) = (format, ak_layout_of(format))
        kernels = try Kernels.selected()
        let lanes = kernels.laneWidth
        let groups = (outputs + lanes - 1) / lanes
        integers = TensorStorage(byteCount: groups * lanes * (inputs / 32) * Int(layout.number_bytes))
        scales = TensorStorage(
            byteCount: groups * lanes * (inputs / Int(layout.length)) * Int(layout.scale_bytes))
        let rowBytes = inputs / Int(layout.length) * Int(layout.bytes)
        // A portion of 4 MiB at a time, so that a large table's file is never in memory beside its copy.
        let portion = max((4 << 20) / max(lanes * rowBytes, 1), 1)
        for first in stride(from: 0, to: groups, by: portion) {
            let last = min(first + portion, groups)
            weight.withUnsafeBytes { bytes in
                guard let from = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
                WorkerPool.current.run(count: last - first) { index, _ in
                    pack(from, rowBytes, group: first + index)
                }
            }
            weight.releasePages(first * lanes * rowBytes..<min(last * lanes, outputs) * rowBytes)
        }
    }

    private var blocks: Int { inputs / 32 }
    private var integerPointer: UnsafeMutablePointer<UInt8> {
        integers.baseAddress.assumingMemoryBound(to: UInt8.self)
    }
    private var scalePointer: UnsafeMutablePointer<UInt8> {
        scales.baseAddress.assumingMemoryBound(to: UInt8.self)
    }
    /// Bytes for each output.
    private var integerBytes: Int { blocks * Int(layout.number_bytes) }
    private var scaleBytes: Int { inputs / Int(layout.length) * Int(layout.scale_bytes) }
    private var eightsBias: Int32 {
        format == Int32(AK_Q8_0.rawValue) ? kernels.table.pointee.blocks.eights_bias : 0
    }

    private func pack(_ rows: UnsafePointer<UInt8>, _ rowBytes: Int, group: Int) {
        let lanes = kernels.laneWidth
        let first = group * lanes
        ak_pack_group(
            rows + first * rowBytes, rowBytes, Int64(min(lanes, outputs - first)), Int64(blocks), format,
            Int64(lanes), eightsBias, integerPointer + first * integerBytes, scalePointer + first * scaleBytes
        )
    }

    func float32() throws(TensorError) -> Tensor {
        let lanes = kernels.laneWidth
        return Tensor(shape: [outputs, inputs]) { numbers in
            guard let to = numbers.baseAddress else { return }
            WorkerPool.current.run(count: (outputs + lanes - 1) / lanes) { group, _ in
                let first = group * lanes
                ak_read_group(
                    integerPointer + first * integerBytes, scalePointer + first * scaleBytes,
                    Int64(min(lanes, outputs - first)), Int64(blocks), format, Int64(lanes), eightsBias,
                    to + first * inputs, inputs)
            }
        }
    }

    func product(_ x: Tensor, bias: Tensor?, activation: Activation) throws(TensorError) -> Tensor {
        try layerOutput(x, inputs: inputs, outputs: outputs, bias: bias) { x, rows, bias, y in
            let parts = Int(layout.parts)
            // In floats: a row's integers, scales and sums.
            MemoryPool.withFloats(rows * (inputs / 4 + (1 + parts) * blocks) + 1) { memory in
                let q = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: Int8.self)
                let scale = memory + rows * inputs / 4
                let sum = UnsafeMutableRawPointer(scale + rows * blocks).assumingMemoryBound(to: Int32.self)
                forEachPiece(rows: rows, tallest: 32, outputs: 1, widest: 1, step: 1, depth: inputs) {
                    part, _ in
                    let first = part.lowerBound
                    kernels.table.pointee.blocks.quantize_rows(
                        x + first * inputs, inputs, Int64(part.count), Int64(blocks), format,
                        q + first * inputs, scale + first * blocks, sum + first * blocks * parts)
                }
                multiply(
                    ak_block_product(
                        x: q, x_scale: scale, x_sum: sum, w: integerPointer, w_scale: scalePointer, y: y,
                        y_row: outputs, bias: bias, m: Int64(rows), blocks: Int64(blocks), n: Int64(outputs),
                        format: format, activation: Int32(activation.kernelValue.rawValue), scratch: nil))
            }
        }
    }

    private func multiply(_ whole: ak_block_product) {
        // Numbers only, so that the pieces of a decoder's step, of a few microseconds each, count no references.
        let (inputs, outputs, blocks, parts) = (inputs, outputs, blocks, Int(layout.parts))
        let (integerBytes, scaleBytes, table) = (integerBytes, scaleBytes, kernels.table)
        // A piece's rows, one byte a number, pass by two groups at a time: 512 KiB stay in the second-level cache.
        let tallest = max(524_288 / max(inputs, 1) / 6 * 6, 6)
        forEachPiece(
            rows: Int(whole.m), tallest: tallest, outputs: outputs, widest: outputs,
            step: 2 * kernels.laneWidth, depth: inputs
        ) { rows, columns in
            let (first, column) = (rows.lowerBound, columns.lowerBound)
            var part = whole
            part.x += first * inputs
            part.x_scale += first * blocks
            part.x_sum += first * blocks * parts
            part.w += column * integerBytes
            part.w_scale += column * scaleBytes
            part.y += first * outputs + column
            part.bias = part.bias.map { $0 + column }
            part.m = Int64(rows.count)
            part.n = Int64(columns.count)
            MemoryPool.withScratch(Int(table.pointee.blocks.scratch_bytes(part.m, part.blocks)) / 4) {
                memory in
                part.scratch = UnsafeMutableRawPointer(memory)?.assumingMemoryBound(to: UInt8.self)
                table.pointee.blocks.multiply(&part)
            }
        }
    }
}
