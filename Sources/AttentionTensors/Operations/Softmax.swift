import CAttentionKernels

extension Tensor {
    /// exp(xᵢ) / Σⱼ exp(xⱼ) over the last axis. A row of −∞ alone gives zeros, and has a gradient of zero.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` for a tensor without axes.
    public func softmax() throws(TensorError) -> Tensor { try softmax(logarithm: false) }

    /// The logarithm of ``softmax()``, xᵢ − log Σⱼ exp(xⱼ), without its rounding where the softmax is small.
    /// A row of −∞ alone stays so.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` for a tensor without axes.
    public func logSoftmax() throws(TensorError) -> Tensor { try softmax(logarithm: true) }

    private func softmax(logarithm: Bool) throws(TensorError) -> Tensor {
        guard let width = shape.last else {
            throw .shapeMismatch(tensor: "input of a softmax", expected: "[…, width]", found: shape)
        }
        let kernels = try Kernels.selected()
        let operations = kernels.table.pointee.operations
        let rows = width == 0 ? 0 : elementCount / width
        let x = contiguous()
        let y = Tensor(shape: shape) { y in
            x.withElementPointer { x in
                forEachRowBlock(rows: rows, width: width) { row, count in
                    operations.softmax(
                        x + row * width, Int64(count), Int64(width), logarithm ? 1 : 0,
                        y.baseAddress! + row * width)
                }
            }
        }
        guard isWatched else { return y }
        let name = logarithm ? "logarithm of softmax" : "softmax"
        return y.recorded(as: name, from: self) { gradient in
            gradient.withUnsafeMutableBuffer { dx in
                y.withElementPointer { y in
                    forEachRowBlock(rows: rows, width: width) { row, count in
                        let dx = dx.baseAddress! + row * width
                        kernels.table.pointee.operations.softmax_backward(
                            y + row * width, dx, Int64(count), Int64(width), logarithm ? 1 : 0, dx)
                    }
                }
            }
            return gradient
        }
    }
}
