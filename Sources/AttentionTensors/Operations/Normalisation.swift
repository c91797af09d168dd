import CAttentionKernels

/// The common part of layer norm and RMS norm: y = (x − μ) · σ · (gain + offset) + bias over the last axis,
/// with μ the row's mean and σ = 1 / √(variance + ε) (centred), or μ = 0 and σ = 1 / √(mean square + ε).
struct Normalisation: Sendable {
    let width: Int
    let isCentred: Bool
    let epsilon: Float
    /// Is added to every gain.
    var gainOffset: Float = 0
    /// `[width]`; nil: 1, without offset.
    var gain: Tensor?
    /// `[width]`; nil: zeros.
    var bias: Tensor?

    private var name: String { isCentred ? "layer norm" : "RMS norm" }

    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless gain and bias have one number
    ///   for each channel.
    init(
        width: Int, isCentred: Bool, epsilon: Float, gainOffset: Float = 0, gain: Tensor?, bias: Tensor? = nil
    ) throws(TensorError) {
        self.width = width
        self.isCentred = isCentred
        self.epsilon = epsilon
        self.gainOffset = gainOffset
        for tensor in [gain, bias].compactMap({ $0 }) where tensor.shape != [width] {
            throw .shapeMismatch(tensor: name, expected: "[\(width)]", found: tensor.shape)
        }
        self.gain = gain?.contiguous()
        self.bias = bias?.contiguous()
    }

    /// The norm of `x`, or of `x + residual` in one pass.
    func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws(TensorError) -> Tensor {
        guard width > 0, x.shape.last == width else {
            throw .shapeMismatch(tensor: "input of a \(name)", expected: "[…, \(width)]", found: x.shape)
        }
        if let residual, residual.shape != x.shape {
            throw .shapeMismatch(tensor: "residual", expected: "\(x.shape)", found: residual.shape)
        }
        guard Tensor.isAnyWatched(x, residual, gain, bias) else { return try forward(x, adding: residual) }
        // The backward pass needs the sum alone: mean and variance are computed again from it.
        let sum =
            try residual.map { other throws(TensorError) in try x.detached() + other.detached() }
            ?? x.detached()
        var norm = self
        norm.gain = gain?.detached()
        norm.bias = bias?.detached()
        return try norm.forward(sum, adding: nil).recorded(as: name, from: [x, residual, gain, bias]) {
            [norm] gradient, needs throws(TensorError) in
            let (dgain, dbias) = try norm.backward(sum, &gradient, needs)
            return [gradient, gradient, dgain, dbias]
        }
    }

    private func forward(_ x: Tensor, adding residual: Tensor?) throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        let (x, residual) = (x.contiguous(), residual?.contiguous())
        return Tensor(shape: x.shape) { output in
            let out = output.baseAddress!
            withOptionalPointer(residual) { residual in
                forEachBlock(of: x, each: rowsOfBlock) { norm, row, _ in
                    norm.residual = residual.map { $0 + row * width }
                    norm.out = out + row * width
                    kernels.table.pointee.norms.forward(&norm)
                }
            }
        }
    }

    /// Turns `gradient` into that of `x`, and gives those of gain and bias where they are needed.
    private func backward(
        _ x: Tensor, _ gradient: inout Tensor, _ needs: [Bool]
    ) throws(TensorError) -> (dgain: Tensor?, dbias: Tensor?) {
        let kernels = try Kernels.selected()
        let x = x.contiguous()
        // At most 64 blocks of rows, which depend on the shape alone: each has sums of its own, which are
        // then added in the blocks' order, whatever the number of threads.
        let rows = x.elementCount / width
        let each = max(rowsOfBlock, (rows + 63) / 64)
        let blocks = max((rows + each - 1) / each, 1)
        var sums = Tensor.zeros([blocks, 2, width])
        sums.withUnsafeMutableBuffer { sums in
            let sums = sums.baseAddress!
            gradient.rewrite { dy, dx in
                forEachBlock(of: x, each: each) { norm, row, block in
                    norm.dy = dy + row * width
                    norm.dx = dx + row * width
                    if needs[2] { norm.dgain = sums + 2 * block * width }
                    if needs[3] { norm.dbias = sums + (2 * block + 1) * width }
                    kernels.table.pointee.norms.backward(&norm)
                }
            }
        }
        guard needs[2] || needs[3] else { return (nil, nil) }
        let total = try sumOfRows(sums.reshaped(to: [blocks, 2 * width]))
        return (
            needs[2] ? total.sliced(axis: 0, 0..<width) : nil,
            needs[3] ? total.sliced(axis: 0, width..<2 * width) : nil
        )
    }

    /// About 64 KiB.
    private var rowsOfBlock: Int { max(16_384 / width, 1) }

    /// Calls `body` for blocks of `each` rows of a contiguous tensor, on all threads.
    private func forEachBlock(
        of x: Tensor, each: Int, _ body: (inout ak_norm, _ row: Int, _ block: Int) -> Void
    ) {
        let (rows, work) = (x.elementCount / width, Work.bytes(8 * x.elementCount))
        x.withElementPointer { x in
            withOptionalPointer(gain) { gain in
                withOptionalPointer(bias) { bias in
                    WorkerPool.current.run(count: (rows + each - 1) / each, work: work) { block, _ in
                        let row = block * each
                        var norm = ak_norm()
                        norm.x = x + row * width
                        norm.rows = Int64(min(each, rows - row))
                        norm.width = Int64(width)
                        norm.centred = isCentred ? 1 : 0
                        norm.epsilon = epsilon
                        norm.gain = gain
                        norm.gain_offset = gainOffset
                        norm.bias = bias
                        body(&norm, row, block)
                    }
                }
            }
        }
    }
}
