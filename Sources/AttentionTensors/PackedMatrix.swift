import CAttentionKernels

/// A weight matrix `[outputs, inputs]`, laid out once for the register tiles of one instruction set:
/// panels of output channels, transposed, so that a vector holds one input's weights of neighbouring outputs.
package struct PackedMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    private let kernels: Kernels
    private let panels: Tensor

    /// - Parameter weight: `[outputs, inputs]`.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix.
    package init(_ weight: Tensor) throws(TensorError) {
        guard weight.rank == 2 else {
            throw .shapeMismatch(tensor: "weight", expected: "[outputs, inputs]", found: weight.shape)
        }
        let kernels = try Kernels.selected()
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let width = kernels.panelWidth
        let count = (outputs + width - 1) / width
        panels = Tensor(shape: [count, inputs, width]) { destination in
            weight.contiguous().withUnsafeBuffer { source in
                guard let from = source.baseAddress, let to = destination.baseAddress else { return }
                WorkerPool.current.run(count: count) { panel, _ in
                    kernels.table.pointee.pack_panel(
                        from + panel * width * inputs, inputs, Int64(min(width, outputs - panel * width)),
                        Int64(inputs), 1, nil, Int32(kernels.maxVectors), to + panel * width * inputs)
                }
            }
        }
        self.kernels = kernels
        self.outputs = outputs
        self.inputs = inputs
    }

    /// `act(x · Wᵀ + bias)` for the rows of `x`.
    ///
    /// - Parameters:
    ///   - x: `[…, inputs]`, with any leading axes.
    ///   - bias: `[outputs]`, or nil.
    /// - Returns: `[…, outputs]`.
    package func product(
        _ x: Tensor, bias: Tensor?, activation: Activation
    ) throws(TensorError) -> Tensor {
        guard x.rank >= 1, x.shape[x.rank - 1] == inputs else {
            throw .shapeMismatch(
                tensor: "input of a linear layer", expected: "[…, \(inputs)]", found: x.shape)
        }
        let x = x.contiguous()
        let rows = inputs == 0 ? x.shape.dropLast().reduce(1, *) : x.elementCount / inputs
        return Tensor(shape: Shape(Array(x.shape.dropLast()) + [outputs])) { output in
            x.withElementPointer { a in
                panels.withElementPointer { panels in
                    withOptionalPointer(bias) { bias in
                        multiply(
                            ak_matmul(
                                a: a, a_row: inputs, panels: panels, c: output.baseAddress, c_row: outputs,
                                bias: bias, m: Int64(rows), k: Int64(inputs), n: Int64(outputs),
                                activation: activation.kernelValue))
                    }
                }
            }
        }
    }

    /// Splits the product into blocks of rows × panels. The rows of a block and one panel fit in the
    /// second-level cache together, and few rows are split by panels instead.
    private func multiply(_ whole: ak_matmul) {
        let rows = Int(whole.m)
        guard rows > 0, outputs > 0 else { return }
        let width = kernels.panelWidth
        let threads = WorkerPool.current.threadCount
        let isSmall = rows * inputs * outputs < 1 << 17  // about 2 µs of work: not worth a second thread
        let rowBlock =
            max(min(163_840 / max(inputs, 1) - width, 240), 32) / kernels.tileRows * kernels.tileRows
        let rowBlocks = (rows + rowBlock - 1) / rowBlock
        let panelCount = (outputs + width - 1) / width
        let columnBlocks = isSmall ? 1 : min(panelCount, max(1, (4 * threads + rowBlocks - 1) / rowBlocks))
        let panelsEach = (panelCount + columnBlocks - 1) / columnBlocks
        let body = { (item: Int) in
            let row = item / columnBlocks * rowBlock
            let column = item % columnBlocks * panelsEach * width
            guard column < outputs else { return }
            var part = whole
            part.a += row * inputs
            part.c += row * outputs + column
            part.panels += column * inputs
            part.bias = part.bias.map { $0 + column }
            part.m = Int64(min(rowBlock, rows - row))
            part.n = Int64(min(panelsEach * width, outputs - column))
            kernels.table.pointee.matmul(&part)
        }
        if isSmall {
            for item in 0..<rowBlocks { body(item) }
        } else {
            WorkerPool.current.run(count: rowBlocks * columnBlocks) { item, _ in body(item) }
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
