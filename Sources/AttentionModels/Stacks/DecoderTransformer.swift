import Attention
import AttentionTensors

/// A stack of blocks in which a token sees itself and those before it, with a head that scores what comes
/// next: a language model (GPT-2, Llama, Mistral, Mixtral, Qwen, Gemma, Phi).
///
///     h ← scale · tokens + positions
///     h ← block(h)                                for each layer
///     logits = norm(h) · headᵀ
///
/// One definition serves whole sequences, with gradients and observation, and a decoder's steps over a cache.
public struct DecoderTransformer: Sendable {
    var stack: TransformerStack
    var head: Linear
    /// Whether the head is the table of tokens.
    let isHeadTied: Bool

    /// What the model computes, as data.
    public var configuration: TransformerConfiguration { stack.configuration }

    /// The decoder of a published model, with the weights of `source`.
    ///
    /// - Throws: ``ModelConfigurationError`` for what is not implemented, or a model that is no decoder;
    ///   `TensorError` for a missing or misshapen tensor; what `source` throws.
    public init(_ description: ModelDescription, from source: any WeightSource) throws {
        try description.require(.decoder)
        let reader = CheckpointReader(description.configuration, names: description.names, source: source)
        stack = try TransformerStack(reader)
        isHeadTied = try reader.isHeadTied()
        head = try reader.head()
    }

    /// The logits of whole sequences.
    ///
    /// - Parameters:
    ///   - batch: Sequences of token ids.
    ///   - observe: Is shown each layer's attention, in order; nil costs nothing. Positions of all sequences
    ///     lie end to end in it, as in `batch`.
    /// - Returns: `[tokens, V]`, the sequences end to end as in `batch`. Gradients are recorded.
    /// - Throws: `TensorError.invalidArgument` for a sequence that is too long or an id that the model does
    ///   not have; what `observe` throws.
    public func callAsFunction(
        _ batch: SequenceBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        try logits(hiddenStates(batch, observe: observe))
    }

    /// The last hidden states of whole sequences, normalised, as the head gets them.
    ///
    /// - Returns: `[tokens, M]`
    /// - Throws: As ``callAsFunction(_:observe:)``.
    public func hiddenStates(
        _ batch: SequenceBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)? = nil
    ) throws -> Tensor {
        try stack.hiddenStates(batch, observe: observe)
    }

    /// The head's scores of every token of the vocabulary.
    ///
    /// - Parameter hidden: `[rows, M]`, from ``hiddenStates(_:observe:)``.
    /// - Returns: `[rows, V]`
    public func logits(_ hidden: Tensor) throws(TensorError) -> Tensor {
        var logits = try head(hidden)
        if configuration.head.scale != 1 { logits = try logits * configuration.head.scale }
        guard let cap = configuration.head.softcap else { return logits }
        return try Activation.tanh(logits * (1 / cap)) * cap
    }
}

extension DecoderTransformer: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        let before = isHeadTied ? stack.input.tokens.weight : nil
        try stack.input.forEachParameter(body)
        if let before, let after = stack.input.tokens.weight, !after.isSameValue(as: before) {
            head = try Linear(weight: after)
        }
        try visit(&stack.blocks, "layers", body)
        try visit(&stack.outputNorm, "norm", body)
        if !isHeadTied { try visit(&head, "head", body) }
    }
}
