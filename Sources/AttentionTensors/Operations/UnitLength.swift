import CAttentionKernels

extension Tensor {
    /// Every row (the last axis) divided by its length, x / max(‖x‖₂, least), as PyTorch's `normalize`.
    ///
    /// - Parameter least: Rows shorter than this are divided by this.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` for a tensor without axes;
    ///   ``TensorError/invalidArgument(_:)`` unless `least` is positive.
    public func normalized(least: Float = 1e-12) throws(TensorError) -> Tensor {
        guard let width = shape.last else {
            throw .shapeMismatch(tensor: "vectors to normalise", expected: "[…, width]", found: shape)
        }
        guard least > 0, least.isFinite else {
            throw .invalidArgument("the least length of a vector must be positive, not \(least)")
        }
        let kernels = try Kernels.selected()
        let rows = width == 0 ? 0 : elementCount / width
        let x = contiguous()
        var inverse = Tensor.zeros([rows])
        let y = Tensor(shape: shape) { y in
            x.withElementPointer { x in
                inverse.withUnsafeMutableBuffer { inverse in
                    forEachRowBlock(rows: rows, width: width) { row, count in
                        kernels.table.pointee.operations.normalize(
                            x + row * width, Int64(count), Int64(width), least, y.baseAddress! + row * width,
                            inverse.baseAddress! + row)
                    }
                }
            }
        }
        guard isWatched else { return y }
        let inverses = inverse
        return y.recorded(as: "normalisation", from: self) { gradient in
            gradient.withUnsafeMutableBuffer { dx in
                y.withElementPointer { y in
                    inverses.withElementPointer { inverse in
                        forEachRowBlock(rows: rows, width: width) { row, count in
                            let dx = dx.baseAddress! + row * width
                            kernels.table.pointee.operations.normalize_backward(
                                y + row * width, inverse + row, dx, Int64(count), Int64(width), least, dx)
                        }
                    }
                }
            }
            return gradient
        }
    }
}
