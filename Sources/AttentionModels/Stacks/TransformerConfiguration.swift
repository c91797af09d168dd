import Attention
import AttentionTensors

/// A transformer as data: what encoders and decoders compute, whatever their files call it.
public struct TransformerConfiguration: Hashable, Sendable {
    /// M
    public var width: Int
    /// V
    public var vocabulary: Int
    /// The most positions that the model was made for.
    public var longestSequence: Int
    /// What the first block gets.
    public var input: InputConfiguration
    /// From the first to the last.
    public var blocks: [BlockConfiguration]
    /// The norm after the last block; nil: none.
    public var outputNorm: NormConfiguration?
    /// What becomes of a decoder's last hidden states.
    public var head = HeadConfiguration()
    /// Of rotary positions, where tensors say the rest.
    var storedLongRope: StoredLongRope?

    /// A model of these parts.
    public init(
        width: Int, vocabulary: Int, longestSequence: Int, input: InputConfiguration,
        blocks: [BlockConfiguration], outputNorm: NormConfiguration? = nil
    ) {
        self.width = width
        self.vocabulary = vocabulary
        self.longestSequence = longestSequence
        self.input = input
        self.blocks = blocks
        self.outputNorm = outputNorm
    }

    /// The number of tokens of a prompt that are best read at once: 512, or fewer where the feed-forward
    /// network is so wide that their values in it would take more than 8 MiB; a multiple of 64, at least 64.
    /// (At F = 8192, 256 tokens at once are as fast as 512 and take half the memory.)
    public var promptChunk: Int {
        let widest = blocks.map(\.feedForward.width).max() ?? 1
        return min(512, max(64, (2 << 20) / max(widest, 1) / 64 * 64))
    }

    /// What a file says of LongRoPE whose divisors are among its tensors.
    struct StoredLongRope: Hashable, Sendable {
        let originalPositions: Int
        let magnitude: Double
        /// Whether the file says that there are divisors; where it does not, it need not have them.
        let isRequired: Bool
    }
}

/// What the first block gets, as data: the sum of token, position and segment vectors.
public struct InputConfiguration: Hashable, Sendable {
    /// The factor of token vectors.
    public var scale: Float = 1
    /// The table of position vectors; nil: there is none.
    public var positions: PositionTable?
    /// The number of segments; 0: there are none.
    public var segments = 0
    /// The norm of the sum; nil: none.
    public var norm: NormConfiguration?

    /// Token vectors alone.
    public init() {}

    /// A table of position vectors.
    public struct PositionTable: Hashable, Sendable {
        /// The number of rows.
        public var count: Int
        /// The row of each token.
        public var numbering: PositionNumbering

        /// A table of `count` rows.
        public init(count: Int, numbering: PositionNumbering = .fromZero) {
            self.count = count
            self.numbering = numbering
        }
    }

    /// The numbering of tokens in a table of positions.
    public enum PositionNumbering: Hashable, Sendable {
        /// 0, 1, 2 …
        case fromZero
        /// RoBERTa's: from `padding` + 1 on, and `padding` for the padding token itself.
        case after(padding: Int)
    }
}

/// What becomes of a decoder's last hidden states, as data.
public struct HeadConfiguration: Hashable, Sendable {
    /// Whether the head is the table of tokens; nil: if the checkpoint has no head.
    public var isTied: Bool?
    /// Whether the head must have a bias. Where it need not, one that is stored counts all the same.
    public var hasBias = false
    /// The factor of logits.
    public var scale: Float = 1
    /// The cap of logits, c · tanh(logit / c); nil: none.
    public var softcap: Float?

    /// A head that is the table of tokens where the checkpoint has no other.
    public init() {}
}

// MARK: - Checks

extension TransformerConfiguration {
    /// As many equal blocks as a file claims.
    ///
    /// - Throws: ``ModelConfigurationError/unsupported(field:value:supported:)`` for a number that no model
    ///   has.
    public static func blocks(
        _ block: BlockConfiguration, count: Int
    ) throws(ModelConfigurationError) -> [BlockConfiguration] {
        try ConfigurationCheck.layers(count)
        return Array(repeating: block, count: count)
    }

    /// Refuses what makes no sense, whatever it was read from.
    func check() throws(ModelConfigurationError) {
        for (number, what) in [
            (width, "the hidden width"), (vocabulary, "the vocabulary's size"),
            (longestSequence, "the greatest number of positions"),
            (input.positions?.count ?? 1, "the size of the table of positions"),
            (input.segments == 0 ? 1 : input.segments, "the number of segments"),
        ] {
            try ConfigurationCheck.positive(number, what)
        }
        try ConfigurationCheck.layers(blocks.count)
        try ConfigurationCheck.positive(head.softcap, "the logits' softcap")
        try ConfigurationCheck.finite(head.scale, "the logits' factor")
        try ConfigurationCheck.finite(input.scale, "the token vectors' factor")
        for norm in [input.norm, outputNorm] { try norm?.check() }
        // Layers are mostly alike.
        var checked: BlockConfiguration?
        for block in blocks where block != checked {
            try block.check()
            checked = block
        }
    }
}

extension BlockConfiguration {
    fileprivate func check() throws(ModelConfigurationError) {
        try attention.check()
        try norm.check()
        try ConfigurationCheck.positive(feedForward.width, "the feed-forward width")
        try ConfigurationCheck.finite(residualScale, "the residuals' factor")
        if let experts = feedForward.experts {
            try ConfigurationCheck.positive(experts.count, "the number of experts")
            guard experts.count <= 1 << 12 else {
                throw .unsupported(
                    field: "the number of experts", value: "\(experts.count)", supported: "at most 4096")
            }
            guard (1...experts.count).contains(experts.perToken) else {
                throw .unsupported(
                    field: "the number of experts for each token", value: "\(experts.perToken)",
                    supported: "1 to \(experts.count)")
            }
        }
    }
}

extension AttentionConfiguration {
    fileprivate func check() throws(ModelConfigurationError) {
        try ConfigurationCheck.positive(heads, "the number of heads")
        try ConfigurationCheck.positive(keyValueHeads, "the number of key/value heads")
        try ConfigurationCheck.positive(headWidth, "the width of a head")
        switch span {
        case .causal(let window): try ConfigurationCheck.positive(window ?? 1, "sliding_window")
        case .bidirectional(let reach): try ConfigurationCheck.positive(reach ?? 1, "the window's reach")
        }
        guard heads % keyValueHeads == 0 else {
            throw .unsupported(
                field: "the number of key/value heads", value: "\(keyValueHeads)",
                supported: "a divisor of the number of heads, \(heads)")
        }
        if let rotary, rotary.width > headWidth {
            throw .unsupported(
                field: "the number of rotary channels", value: "\(rotary.width)",
                supported: "at most a head's \(headWidth)")
        }
        try ConfigurationCheck.positive(softcap, "the scores' softcap")
        if let scale { try ConfigurationCheck.finite(scale, "the scores' scale") }
    }
}

extension NormConfiguration {
    fileprivate func check() throws(ModelConfigurationError) {
        guard (0...1).contains(epsilon) else {
            throw .unsupported(field: "the norms' epsilon", value: "\(epsilon)", supported: "0 to 1")
        }
    }
}
