import CAttentionKernels

/// Layer normalisation over the last axis, y = (x − mean(x)) / √(var(x) + ε) · gain + bias (arXiv:1607.06450).
public struct LayerNorm: Sendable {
    public let width: Int
    public let epsilon: Float
    private let gain: Tensor?
    private let bias: Tensor?

    /// - Parameters:
    ///   - width: The last axis's extent.
    ///   - gain: `[width]`, PyTorch's `weight`; nil: ones.
    ///   - bias: `[width]`; nil: zeros.
    ///   - epsilon: ε, which keeps the root away from 0.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public init(width: Int, gain: Tensor?, bias: Tensor?, epsilon: Float) throws(TensorError) {
        for tensor in [gain, bias].compactMap({ $0 }) where tensor.shape != [width] {
            throw .shapeMismatch(tensor: "layer norm", expected: "[\(width)]", found: tensor.shape)
        }
        self.width = width
        self.epsilon = epsilon
        self.gain = gain?.contiguous()
        self.bias = bias?.contiguous()
    }

    /// Reads `weight` and `bias` from `source`, which older checkpoints call `gamma` and `beta`.
    public init(width: Int, epsilon: Float, from source: some WeightSource) throws {
        let isOld = !source.contains("weight") && source.contains("gamma")
        try self.init(
            width: width, gain: source.tensor(isOld ? "gamma" : "weight", shape: [width]),
            bias: source.tensor(isOld ? "beta" : "bias", shape: [width]), epsilon: epsilon)
    }

    /// The norm of `x`, or of `x + residual` in one pass.
    ///
    /// - Parameters:
    ///   - x: `[…, width]`.
    ///   - residual: of the shape of `x`, or nil.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws(TensorError) -> Tensor {
        guard width > 0, x.shape.last == width else {
            throw .shapeMismatch(tensor: "input of a layer norm", expected: "[…, \(width)]", found: x.shape)
        }
        if let residual, residual.shape != x.shape {
            throw .shapeMismatch(tensor: "residual", expected: "\(x.shape)", found: residual.shape)
        }
        let kernels = try Kernels.selected()
        let x = x.contiguous()
        let residual = residual?.contiguous()
        let rows = x.elementCount / width
        return Tensor(shape: x.shape) { output in
            x.withElementPointer { x in
                withOptionalPointer(residual) { residual in
                    withOptionalPointer(gain) { gain in
                        withOptionalPointer(bias) { bias in
                            forEachRowBlock(rows: rows, width: width) { row, count in
                                let at = row * width
                                kernels.table.pointee.layer_norm(
                                    x + at, residual.map { $0 + at }, Int64(count), Int64(width), gain, bias,
                                    epsilon, output.baseAddress! + at)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Runs `body` over blocks of rows, on all threads where there is enough to share.
package func forEachRowBlock(rows: Int, width: Int, _ body: (_ row: Int, _ count: Int) -> Void) {
    let each = max(16_384 / max(width, 1), 1)  // about 64 KiB, a few microseconds
    WorkerPool.current.run(count: (rows + each - 1) / each, work: .bytes(8 * rows * width)) { block, _ in
        body(block * each, min(each, rows - block * each))
    }
}
