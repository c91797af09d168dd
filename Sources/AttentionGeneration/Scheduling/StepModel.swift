import Attention
import AttentionModels
import AttentionTensors

/// What generation needs of a model, and no more: it reads some tokens of each of several texts in one step,
/// and gives the logits of what comes next.
///
/// A text's numbers must not depend on the texts beside it, nor on where its prompt is cut, as long as it is
/// cut at multiples of ``cutLength``. Then a text is the same alone and through a ``Scheduler``.
public protocol StepModel: Sendable {
    /// The model's memory of one text. An encoder-decoder's holds the encoded source, too.
    associatedtype State: StepState

    /// V
    var vocabulary: Int { get }
    /// The most tokens of a text.
    var longestSequence: Int { get }
    /// The number of tokens of prompts that are best read in one step.
    var promptChunk: Int { get }
    /// The positions at whose multiples prompts may be cut, at least 1.
    var cutLength: Int { get }

    /// Whether a text may become so long in this state. Positions of some models depend on the length.
    func suits(_ state: State, textLength: Int) -> Bool

    /// Reads a run of tokens of each text.
    ///
    /// - Parameters:
    ///   - runs: The new tokens of each text, at least one.
    ///   - states: The texts' states, in the same order. If an error is thrown, they are as they were.
    ///   - logits: The tokens of each run whose logits are computed.
    /// - Returns: `[rows, V]`, run after run.
    func step(_ runs: [[Int]], states: inout [State], logits: [LogitRows]) throws -> Tensor
}

extension StepModel {
    public func suits(_ state: State, textLength: Int) -> Bool { true }

    /// The most tokens that are read at once where the logits of all are wanted: 16 M logits are 64 MB.
    var longestScoredRun: Int { max((1 << 24) / max(vocabulary, 1) / cutLength, 1) * cutLength }
}

/// A model's memory of one text. It is a value: a copy goes on by itself.
public protocol StepState: Sendable {
    /// The number of tokens that were read.
    var length: Int { get }
    /// The most bytes that the state takes for a text of `length` tokens.
    func byteCount(forLength length: Int) -> Int
    /// Forgets the tokens from `length` on.
    mutating func truncate(to length: Int) throws
}

extension DecoderCache: StepState {}

extension DecoderTransformer: StepModel {
    public var vocabulary: Int { configuration.vocabulary }
    public var longestSequence: Int { configuration.longestSequence }
    public var promptChunk: Int { configuration.promptChunk }
    public var cutLength: Int { AttentionOperator.cutLength }

    public func step(
        _ runs: [[Int]], states: inout [DecoderCache], logits: [LogitRows]
    ) throws -> Tensor {
        try self(runs, caches: &states, logits: logits)
    }
}
