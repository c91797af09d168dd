import CAttentionKernels

/// A weight matrix `[outputs, inputs]`, laid out once for the register tiles of one instruction set:
/// panels of output channels, transposed, so that a vector holds one input's weights of neighbouring outputs.
package struct PackedMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    private let kernels: Kernels
    private let panels: Tensor

    /// - Parameter weight: `[outputs, inputs]`, with any strides.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix.
    package init(_ weight: Tensor) throws(TensorError) {
        guard weight.rank == 2 else {
            throw .shapeMismatch(tensor: "weight", expected: "[outputs, inputs]", found: weight.shape)
        }
        let kernels = try Kernels.selected()
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let width = kernels.panelWidth
        let source = ProductColumns(weight.transposed(0, 1))
        panels = Tensor(shape: [(outputs + width - 1) / width, inputs, width]) { destination in
            guard let to = destination.baseAddress else { return }
            source.pack(rows: 0..<inputs, kernels, into: to)
        }
        self.kernels = kernels
        self.outputs = outputs
        self.inputs = inputs
    }

    /// The matrix before packing, `[outputs, inputs]`, with rows of whole vectors.
    package func unpacked() throws(TensorError) -> Tensor {
        let (width, pack) = (kernels.panelWidth, kernels.table.pointee.pack_panel!)
        let vectors = (inputs + kernels.laneWidth - 1) / kernels.laneWidth
        let row = vectors * kernels.laneWidth
        let padded = Tensor(shape: [outputs, row]) { destination in
            guard let to = destination.baseAddress else { return }
            panels.withElementPointer { panels in
                WorkerPool.current.run(count: (outputs + width - 1) / width) { panel, _ in
                    let first = panel * width
                    // Transposed once more, a panel is the rows that it came from.
                    pack(
                        panels + first * inputs, width, Int64(inputs), Int64(min(width, outputs - first)), 1,
                        nil, Int32(vectors), to + first * row)
                }
            }
        }
        return padded.sliced(axis: 1, 0..<inputs)
    }

    /// `act(x · Wᵀ + bias)`, ready to run. The matrix, the input and the bias must outlive it.
    func pieces(
        _ input: LayerInput, _ bias: UnsafePointer<Float>?, _ activation: Activation,
        into y: UnsafeMutablePointer<Float>
    ) -> PieceLoop {
        let (x, inputs, outputs, table) = (input.x, inputs, outputs, kernels.table)
        let panels = panels.withElementPointer { $0 }
        let blocks = ProductBlocks(rows: input.rows, depth: inputs, columns: outputs, kernels: kernels)
        let (depthRanges, width) = (blocks.depthRanges, blocks.panelWidth)
        return blocks.pieces { rows, columns in
            for depth in depthRanges {
                let isLast = depth.upperBound == inputs
                var product = ak_product(
                    a: x + rows.lowerBound * inputs + depth.lowerBound, a_row: inputs,
                    panels: panels + columns.lowerBound * inputs + depth.lowerBound * width,
                    panel_stride: inputs * width,
                    c: y + rows.lowerBound * outputs + columns.lowerBound, c_row: outputs,
                    bias: isLast ? bias.map { $0 + columns.lowerBound } : nil,
                    m: Int64(rows.count), k: Int64(depth.count), n: Int64(columns.count),
                    continues: depth.lowerBound > 0 ? 1 : 0,
                    activation: Int32((isLast ? activation : .identity).kernelValue.rawValue))
                table.pointee.matmul.multiply(&product)
            }
        }
    }
}

/// Calls `body` with the address of a contiguous tensor's first element, or nil for nil.
package func withOptionalPointer<R, E: Error>(
    _ tensor: Tensor?, _ body: (UnsafePointer<Float>?) throws(E) -> R
) throws(E) -> R {
    guard let tensor else { return try body(nil) }
    return try tensor.withElementPointer { pointer throws(E) in try body(pointer) }
}
