import CAttentionKernels

extension Tensor {
    /// Dropout (arXiv:1207.0580): each element is 0 with a chance of `probability`, and otherwise divided by
    /// 1 − `probability`, so that the expected value stays.
    ///
    /// The dropped elements depend on the key and on their places in row-major order alone. No mask is
    /// stored: the backward pass draws it again.
    ///
    /// - Parameters:
    ///   - probability: From 0 to 1.
    ///   - key: The random numbers' key, different for every layer and every step.
    /// - Throws: ``TensorError/invalidArgument(_:)``.
    public func dropout(_ probability: Float, key: RandomKey) throws(TensorError) -> Tensor {
        let dropout = try Dropout(probability: probability)
        guard probability > 0 else { return self }
        let kernels = try Kernels.selected()
        let x = contiguous()
        let y = Tensor(shape: shape) { y in
            x.withUnsafeBuffer { dropout.apply(to: $0, into: y, key, kernels) }
        }
        guard isWatched else { return y }
        return y.recorded(as: "dropout", from: self) { gradient in
            gradient.withUnsafeMutableBuffer {
                dropout.apply(to: UnsafeBufferPointer($0), into: $0, key, kernels)
            }
            return gradient
        }
    }
}

/// A chance of being dropped, in the kernels' terms.
package struct Dropout: Sendable {
    /// A number below this is dropped.
    package let threshold: UInt32
    /// The factor of the other elements.
    package let scale: Float

    package init(probability: Float) throws(TensorError) {
        guard probability >= 0, probability <= 1 else {
            throw .invalidArgument("a dropout probability is from 0 to 1, not \(probability)")
        }
        threshold = UInt32(min(Double(probability) * 0x1p32, Double(UInt32.max)).rounded())
        scale = probability < 1 ? 1 / (1 - probability) : 0
    }

    fileprivate func apply(
        to x: UnsafeBufferPointer<Float>, into y: UnsafeMutableBufferPointer<Float>, _ key: RandomKey,
        _ kernels: Kernels
    ) {
        guard let from = x.baseAddress, let to = y.baseAddress else { return }
        // In lines of 64, since the kernel wants a vector's places to differ in their lower word only.
        forEachRowBlock(rows: (x.count + 63) / 64, width: 64) { line, lines in
            let first = line * 64
            kernels.table.pointee.operations.dropout(
                from + first, Int64(min(lines * 64, x.count - first)), key.bits, UInt64(first), threshold,
                scale,
                to + first)
        }
    }
}
