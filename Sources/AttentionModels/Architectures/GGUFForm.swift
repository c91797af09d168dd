import Attention
import AttentionTensors

/// A decoder as a GGUF file holds it: what the metadata say, and which tensors there are under which names,
/// made of a checkpoint's. The reverse of `Description(metadata:)`.
public struct GGUFForm: Sendable {
    /// A value of the metadata.
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    /// A tensor of the file.
    public struct Tensor: Hashable, Sendable {
        /// The file's name.
        public let name: String
        /// The extents, outermost first.
        public let shape: Shape
        /// The checkpoint's name; nil: the divisors of the rotary frequencies, which are computed.
        public let source: String?
        let change: Change
    }

    /// The change of a checkpoint's tensor on its way into the file.
    enum Change: Hashable, Sendable {
        case none
        case transposed
        /// Rows whose halves turn together are interleaved, head by head, so that neighbours do.
        case interleaved(headWidth: Int)
        /// 1 + gain, where the checkpoint has the gain.
        case plusOne
        case divisors([Float])
    }

    /// `general.architecture`
    public let architecture: String
    /// In the order in which it is written. Without the tokenizer's.
    public let metadata: [(key: String, value: Value)]
    /// In the order in which they are written.
    public let tensors: [Tensor]

    /// A tensor's numbers.
    ///
    /// - Throws: `TensorError` if it is not there or of another shape; what `source` throws.
    public func numbers(of tensor: Tensor, from source: any WeightSource) throws -> AttentionTensors.Tensor {
        if case .divisors(let divisors) = tensor.change { return try .init(divisors, shape: tensor.shape) }
        guard let name = tensor.source else {
            throw TensorError.missingTensor(name: tensor.name, source: source.label)
        }
        let shape = tensor.change == .transposed ? Shape(tensor.shape.reversed()) : tensor.shape
        let numbers = try source.tensor(name, shape: shape)
        switch tensor.change {
        case .none, .divisors: return numbers
        case .transposed: return numbers.transposed(0, 1).contiguous()
        case .plusOne: return try numbers + .init(repeating: 1, shape: shape)
        case .interleaved(let headWidth):
            let rest = Array(shape.dropFirst())
            return try numbers.reshaped(to: Shape([shape[0] / headWidth, 2, headWidth / 2] + rest))
                .transposed(1, 2).contiguous().reshaped(to: shape)
        }
    }
}

extension DecoderTransformer.Description {
    /// This model as a GGUF file holds it.
    ///
    /// - Parameter source: The checkpoint: which optional tensors it has is looked up.
    /// - Throws: ``ModelConfigurationError`` for what GGUF files cannot say.
    public func ggufForm(of source: any WeightSource) throws -> GGUFForm {
        var writer = GGUFFormWriter(self, source: source)
        try writer.writeMetadata()
        try writer.writeTensors()
        let form = GGUFForm(architecture: gguf.name, metadata: writer.metadata, tensors: writer.tensors)
        try configuration.checkMeaning(of: form)
        return form
    }
}
