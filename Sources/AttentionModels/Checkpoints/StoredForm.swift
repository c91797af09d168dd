import Attention
import AttentionTensors

/// The two choices in which checkpoints store the same numbers differently.
struct StoredForm: Hashable, Sendable {
    /// Whether gains of norms by root mean square are stored without their 1.
    let gainsAreOffsets: Bool
    /// Whether the channels of a head that turn together are neighbours.
    let isInterleaved: Bool

    init(_ names: CheckpointNames) {
        gainsAreOffsets = names.gainsAreOffsets
        isInterleaved = names.pairing == .interleaved
    }

    /// What is stored in this form of something in another one. Where both agree, the bits stay.
    ///
    /// - Throws: ``ModelConfigurationError`` where only some channels of a head turn, and their order
    ///   changes.
    func encoding(
        _ tensor: Tensor, from other: StoredForm, at part: PartAddress, of model: TransformerConfiguration
    ) throws -> Tensor {
        if case .rms = model.norm(at: part), gainsAreOffsets != other.gainsAreOffsets {
            return try tensor + Tensor(repeating: gainsAreOffsets ? -1 : 1, shape: tensor.shape)
        }
        guard isInterleaved != other.isInterleaved, case .block(let layer, let name, _) = part,
            name == .query || name == .key, let rotary = model.blocks[layer].attention.rotary
        else { return tensor }
        let width = model.blocks[layer].attention.headWidth
        guard rotary.width == width else {
            throw ModelConfigurationError.unsupported(
                field: "partial_rotary_factor", value: "\(rotary.width) of \(width) channels",
                supported: "all channels of a head in GGUF files of this architecture")
        }
        return try tensor.regrouped(isInterleaved ? [2, width / 2] : [width / 2, 2])
    }
}

extension Tensor {
    /// Rows in groups of `extents[0] × extents[1]`, each group transposed.
    fileprivate func regrouped(_ extents: [Int]) throws -> Tensor {
        let rest = Array(shape.dropFirst())
        return try reshaped(to: Shape([shape[0] / (extents[0] * extents[1])] + extents + rest))
            .transposed(1, 2).contiguous().reshaped(to: shape)
    }
}
