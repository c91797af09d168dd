import Attention
import AttentionTensors

/// One tensor of a model, whatever a checkpoint calls it.
enum PartAddress: Hashable, Sendable {
    case model(ModelPart, Kind)
    case block(Int, BlockPart, Kind)
    /// The weight of a part of one expert.
    case expert(Int, BlockPart, Int)

    /// The two tensors of a part, by the ends of their names.
    enum Kind: Hashable, Sendable {
        case weight, bias
    }
}

/// Where the tensors of a model come from: a checkpoint, or a model in memory.
///
/// Matrices are given as `[outputs, inputs]`, each part by itself; gains and the channels of heads in the
/// source's own ``form``.
protocol PartSource: Sendable {
    var label: String { get }
    var form: StoredForm { get }
    func contains(_ part: PartAddress) -> Bool
    /// - Throws: `TensorError` for a tensor that is missing or of another shape; what the source throws.
    func tensor(_ part: PartAddress, shape: Shape) throws -> Tensor
}

extension TransformerConfiguration {
    /// The shape of a tensor by itself.
    func shape(of part: PartAddress) -> Shape {
        switch part {
        case .model(let part, let kind):
            switch part {
            case .tokens: [vocabulary, width]
            case .positions: [input.positions?.count ?? 0, width]
            case .segments: [input.segments, width]
            case .embeddingNorm, .outputNorm: [width]
            case .head: kind == .bias ? [vocabulary] : [vocabulary, width]
            }
        case .block(let layer, let part, let kind):
            if part.isNorm {
                [blocks[layer].width(ofNorm: part, width: width)]
            } else if kind == .bias {
                [blocks[layer].size(of: part, width: width).outputs]
            } else {
                matrix(layer, part)
            }
        case .expert(let layer, let part, _): matrix(layer, part)
        }
    }

    private func matrix(_ layer: Int, _ part: BlockPart) -> Shape {
        let size = blocks[layer].size(of: part, width: width)
        return [size.outputs, size.inputs]
    }

    /// The kind of norm that stands at an address; nil: another part stands there.
    func norm(at part: PartAddress) -> NormConfiguration? {
        switch part {
        case .model(.embeddingNorm, _): input.norm
        case .model(.outputNorm, _): outputNorm
        case .block(let layer, .queryNorm, _), .block(let layer, .keyNorm, _):
            .rms(epsilon: blocks[layer].norm.epsilon)
        case .block(let layer, let part, _): part.isNorm ? blocks[layer].norm : nil
        case .model, .expert: nil
        }
    }
}
