import CAttentionKernels

/// A function applied to every element.
public enum Activation: String, Sendable, CaseIterable {
    case identity
    /// x/2 · (1 + erf(x/√2)), arXiv:1606.08415.
    case gelu
    /// The approximation x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³))).
    case geluTanh
    case relu
    /// x / (1 + e⁻ˣ), also called swish.
    case silu
    case tanh

    package var kernelValue: ak_activation {
        switch self {
        case .identity: AK_IDENTITY
        case .gelu: AK_GELU
        case .geluTanh: AK_GELU_TANH
        case .relu: AK_RELU
        case .silu: AK_SILU
        case .tanh: AK_TANH
        }
    }

    /// The function of every element of `input`, which may have any shape.
    ///
    /// - Throws: ``TensorError/instructionSetUnavailable(requested:available:)``.
    public func callAsFunction(_ input: Tensor) throws(TensorError) -> Tensor {
        if self == .identity { return input }
        let kernels = try Kernels.selected()
        let x = input.detached().contiguous()
        let output = Tensor(shape: x.shape) { output in
            x.withElementPointer { x in
                let y = output.baseAddress!
                forEachRowBlock(rows: output.count, width: 1) { first, count in
                    kernels.table.pointee.elementwise.activate(
                        x + first, Int64(count), kernelValue, y + first)
                }
            }
        }
        guard input.isWatched else { return output }
        return output.recorded(as: rawValue, from: input) { gradient throws(TensorError) in
            try backward(x, &gradient)
            return gradient
        }
    }

    /// dx = dy · act'(x), in place of dy.
    private func backward(_ x: Tensor, _ gradient: inout Tensor) throws(TensorError) {
        let kernels = try Kernels.selected()
        let count = x.elementCount
        gradient.rewrite { dy, dx in
            x.withElementPointer { x in
                forEachRowBlock(rows: count, width: 1) { first, count in
                    kernels.table.pointee.elementwise.activate_backward(
                        x + first, dy + first, Int64(count), kernelValue, dx + first)
                }
            }
        }
    }
}
