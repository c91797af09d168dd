import CAttentionKernels

/// A weight `[outputs, inputs]` in one of GGUF's block types, laid out for one instruction set
/// (`ak_blocks.h`). A group has as many outputs as a vector has lanes, interleaved by fours, with their
/// scales apart. The layout takes the bytes of the file's form or a few more, and fills the outputs up to
/// whole groups.
package struct BlockMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    package let elementType: ElementType
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
        (outputs, inputs, elementType) = (weight.shape[0], weight.shape[1], weight.elementType)
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
        format == Int32(AK_Q8_0.rawValue) ? kernels.table.pointee.blocks.pointee.eights_bias : 0
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

    /// `act(x · Wᵀ + bias)`, ready to run. The matrix, the input and the bias must outlive it.
    func pieces(
        _ input: inout LayerInput, _ bias: UnsafePointer<Float>?, _ activation: Activation,
        into y: UnsafeMutablePointer<Float>
    ) -> PieceLoop {
        let (rows, inputs, outputs, blocks, parts) = (input.rows, inputs, outputs, blocks, Int(layout.parts))
        let (integerBytes, scaleBytes) = (integerBytes, scaleBytes)
        let (table, format, weights, weightScales) = (kernels.table, format, integerPointer, scalePointer)
        let activation = Int32(activation.kernelValue.rawValue)
        let x = input.rounded(for: format, kernels)
        let (q, scales, sums) = (x.integers, x.scales, x.sums)
        // A piece's rows, one byte a number, pass by two groups at a time: 512 KiB stay in the second-level
        // cache.
        let tallest = max(524_288 / max(inputs, 1) / 6 * 6, 6)
        return PieceLoop(
            rows: rows, tallest: tallest, outputs: outputs, widest: outputs, step: 2 * kernels.laneWidth,
            depth: inputs, bytes: integerBytes + scaleBytes
        ) { rows, columns in
            let (first, column) = (rows.lowerBound, columns.lowerBound)
            let needed = table.pointee.blocks.pointee.scratch_bytes(Int64(rows.count), Int64(blocks))
            MemoryPool.withScratch(Int(needed) / 4) { memory in
                var product = ak_block_product(
                    x: q + first * inputs, x_scale: scales + first * blocks,
                    x_sum: sums + first * blocks * parts,
                    w: weights + column * integerBytes, w_scale: weightScales + column * scaleBytes,
                    y: y + first * outputs + column, y_row: outputs, bias: bias.map { $0 + column },
                    m: Int64(rows.count), blocks: Int64(blocks), n: Int64(columns.count), format: format,
                    activation: activation,
                    scratch: UnsafeMutableRawPointer(memory)?.assumingMemoryBound(to: UInt8.self))
                table.pointee.blocks.pointee.multiply(&product)
            }
        }
    }
}
