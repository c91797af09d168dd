import Attention
import AttentionTensors

/// What encoders and decoders have in common: embedded tokens go through the blocks, and the last one's
/// output through a norm.
struct TransformerStack: Sendable {
    let configuration: TransformerConfiguration
    var input: InputEmbedding
    var blocks: [Block]
    var outputNorm: Norm?
    let rotary: RotaryTables
    /// The form of gains and of the channels of heads.
    let form: StoredForm

    /// - Throws: `TensorError` for a missing or misshapen tensor; ``ModelConfigurationError``; what the
    ///   source throws.
    init(_ reader: CheckpointReader) throws {
        configuration = reader.configuration
        form = StoredForm(reader.names)
        input = try InputEmbedding(reader)
        blocks = try reader.blocks()
        outputNorm = try reader.norm(.outputNorm, configuration.outputNorm)
        rotary = RotaryTables(blocks.map(\.rotary))
    }

    /// The last hidden states of whole sequences, normalised.
    ///
    /// - Parameters:
    ///   - batch: Sequences of token ids.
    ///   - observe: Is shown each layer's attention, in order; nil costs nothing.
    /// - Returns: `[tokens, M]`, the sequences end to end as in `batch`.
    /// - Throws: `TensorError.invalidArgument` for an id that the model does not have, or a sequence longer
    ///   than the table of positions; what `observe` throws.
    func hiddenStates(
        _ batch: SequenceBatch, observe: ((_ layer: Int, AttentionObservation) throws -> Void)?
    ) throws -> Tensor {
        let lengths = batch.lengths
        let sequences = try BlockDiagonalMask(queryLengths: lengths)
        var h = try input(batch)
        let angles = try rotary.angles(lengths: lengths)
        for (index, block) in blocks.enumerated() {
            let observeLayer = observe.map { observe in { observation in try observe(index, observation) } }
            let mask: any AttentionMask = block.mask.map { sequences & $0 } ?? sequences
            h = try block(h) { try $0($1, mask: mask, rotary: angles[index], observe: observeLayer) }
        }
        return try (outputNorm?(h) ?? h).reshaped(to: [batch.ids.count, configuration.width])
    }
}
