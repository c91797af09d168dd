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
        let kernels = try Kernels.selected()
        return Tensor(shape: input.shape) { output in
            input.contiguous().withUnsafeBuffer { x in
                guard let from = x.baseAddress, let to = output.baseAddress else { return }
                kernels.table.pointee.activate(from, Int64(x.count), kernelValue, to)
            }
        }
    }
}
