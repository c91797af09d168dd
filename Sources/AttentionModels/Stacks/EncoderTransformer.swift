import Attention
import AttentionTensors

/// A stack of blocks in which every token sees every other, or those near it: BERT (arXiv:1810.04805),
/// ModernBERT (arXiv:2412.13663).
///
///     h ← norm(tokens + positions + segments)
///     h ← block(h)                                for each layer
///     hidden states = norm(h)
public struct EncoderTransformer: Sendable {
    var stack: TransformerStack

    /// What the model computes, as data.
    public var configuration: TransformerConfiguration { stack.configuration }

    /// The encoder of a published model, with the weights of `source`.
    ///
    /// - Throws: ``ModelConfigurationError`` for what is not implemented, or a model that is no encoder;
    ///   `TensorError` for a missing or misshapen tensor; what `source` throws.
    public init(_ description: ModelDescription, from source: any WeightSource) throws {
        try description.require(.encoder)
        stack = try TransformerStack(
            CheckpointReader(description.configuration, names: description.names, source: source))
    }

    /// The last hidden states of a batch.
    ///
    /// - Parameters:
    ///   - batch: Sequences of token ids.
    ///   - observe: Is shown each layer's attention, in order; nil costs nothing. Positions of all sequences
    ///     lie end to end in it, as in `batch`.
    /// - Returns: `[tokens, M]`, the sequences end to end as in `batch`.
    /// - Throws: `TensorError.invalidArgument` for a sequence that is too long or an id that the model does
    ///   not have; what `observe` throws.
    public func callAsFunction(
        _ batch: SequenceBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        let longest = configuration.longestSequence
        if let length = batch.ranges.map(\.count).first(where: { $0 > longest }) {
            throw TensorError.invalidArgument(
                "a sequence of \(length) tokens is longer than the model's \(longest)")
        }
        return try stack.hiddenStates(batch, observe: observe)
    }
}

extension EncoderTransformer: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try stack.input.forEachParameter(body)
        try visit(&stack.blocks, "layers", body)
        try visit(&stack.outputNorm, "norm", body)
    }
}
