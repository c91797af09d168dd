/// A part of a model outside its blocks, of which a checkpoint stores the tensors `weight` and, where it has
/// one, `bias`.
public enum ModelPart: Hashable, Sendable, CaseIterable {
    /// The table of token vectors, `[V, M]`.
    case tokens
    /// The table of position vectors.
    case positions
    /// The table of segment vectors, BERT's token types.
    case segments
    /// The norm of the sum of these.
    case embeddingNorm
    /// The norm after the last block.
    case outputNorm
    /// The scores of all tokens, `[V, M]`.
    case head
}

/// A part of a block, of which a checkpoint stores the tensors `weight` and, where it has one, `bias`.
public enum BlockPart: Hashable, Sendable, CaseIterable {
    case attentionNorm
    /// `[Hq·D, M]`
    case query
    /// `[Hkv·D, M]`
    case key
    /// `[Hkv·D, M]`
    case value
    /// `[M, Hq·D]`
    case attentionOutput
    /// The norms of each head's queries and keys, `[D]`.
    case queryNorm, keyNorm
    case attentionOutputNorm
    case feedForwardNorm
    /// What the activation is applied to in a gated network, `[F, M]`.
    case gate
    /// `[F, M]`
    case up
    /// `[M, F]`
    case down
    case feedForwardOutputNorm
    /// The scores of the experts, `[E, M]`.
    case router
    /// The layers of each expert, `[F, M]`, `[F, M]` and `[M, F]`.
    case expertGate, expertUp, expertDown

    /// Whether it is a norm, whose gain some checkpoints store without its 1.
    var isNorm: Bool {
        switch self {
        case .attentionNorm, .queryNorm, .keyNorm, .attentionOutputNorm, .feedForwardNorm,
            .feedForwardOutputNorm:
            true
        default: false
        }
    }

    var isOfExperts: Bool { [.expertGate, .expertUp, .expertDown].contains(self) }
}

extension BlockConfiguration {
    /// The parts of such a block, in the order in which files have them.
    var parts: [BlockPart] {
        var parts: [BlockPart] = []
        func add(_ part: BlockPart, if exists: Bool = true) { if exists { parts.append(part) } }
        add(.attentionNorm, if: hasAttentionNorm)
        for part in [BlockPart.query, .key, .value, .attentionOutput] { add(part) }
        add(.queryNorm, if: attention.normalizesHeads)
        add(.keyNorm, if: attention.normalizesHeads)
        add(.attentionOutputNorm, if: placement == .around)
        add(.feedForwardNorm, if: placement != .parallel)
        if feedForward.experts != nil {
            add(.router)
            add(.expertGate, if: feedForward.isGated)
            add(.expertUp)
            add(.expertDown)
        } else {
            add(.gate, if: feedForward.isGated)
            add(.up)
            add(.down)
        }
        add(.feedForwardOutputNorm, if: placement == .around)
        return parts
    }

    /// The outputs and inputs of a linear part.
    ///
    /// - Parameters:
    ///   - part: No norm.
    ///   - width: M
    func size(of part: BlockPart, width: Int) -> (outputs: Int, inputs: Int) {
        switch part {
        case .query: (attention.heads * attention.headWidth, width)
        case .key, .value: (attention.keyValueHeads * attention.headWidth, width)
        case .attentionOutput: (width, attention.heads * attention.headWidth)
        case .router: (feedForward.experts?.count ?? 0, width)
        case .gate, .up, .expertGate, .expertUp: (feedForward.width, width)
        case .down, .expertDown: (width, feedForward.width)
        default: preconditionFailure("\(part) is a norm")
        }
    }

    /// The channels that a norm serves.
    func width(ofNorm part: BlockPart, width: Int) -> Int {
        part == .queryNorm || part == .keyNorm ? attention.headWidth : width
    }

    /// Whether a linear part must have a bias.
    func mustHaveBias(_ part: BlockPart) -> Bool {
        switch part {
        case .query, .key, .value: attention.hasQueryKeyValueBiases
        case .attentionOutput: attention.hasOutputBias
        case .gate, .up, .down: feedForward.hasBiases
        default: false
        }
    }
}
