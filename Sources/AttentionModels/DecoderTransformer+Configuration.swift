import Attention
import AttentionTensors

extension DecoderTransformer {
    /// The differences between decoders, as data.
    public struct Configuration: Hashable, Sendable {
        /// M
        public var width: Int
        /// L
        public var layers: Int
        /// Hq
        public var heads: Int
        /// Hkv
        public var keyValueHeads: Int
        /// D
        public var headWidth: Int
        /// F
        public var feedForwardWidth: Int
        /// V
        public var vocabulary: Int
        /// The most positions that the model was made for.
        public var longestSequence: Int
        /// How the model tells places apart.
        public var positions: Positions
        /// Of ``positions``, where tensors say the rest.
        var storedLongRope: StoredLongRope?
        var norm: Norm.Kind
        /// Whether the outputs of attention and feed-forward are normalised too, before they are added.
        var normalizesOutputs = false
        /// Whether each head's queries and keys are normalised.
        var normalizesHeads = false
        /// The function within the feed-forward layers.
        public var activation: Activation
        /// Which layers must have biases. Others have them where they are stored.
        var biases: Biases = []
        /// The factor of dot products; nil: 1/√D.
        public var scoreScale: Float?
        /// The bound of attention's scores, c · tanh(score / c); nil: none.
        public var scoreSoftcap: Float?
        /// The bound of logits, c · tanh(logit / c); nil: none.
        public var logitSoftcap: Float?
        /// How many positions, its own included, a query sees in layers with a window.
        public var window: Int?
        var windowedLayers = WindowedLayers.all
        /// The factor of token vectors.
        public var embeddingScale: Float = 1
        /// Whether the head is the table of tokens; nil: if the source has no head.
        var isHeadTied: Bool?

        /// How many tokens of a prompt are best read at once: 512, or fewer where the feed-forward network is
        /// so wide that their values in it would take more than 8 MiB; a multiple of 64, at least 64. (At F =
        /// 8192, 256 tokens at once are as fast as 512 and take half the memory.)
        public var promptChunk: Int { min(512, max(64, (2 << 20) / max(feedForwardWidth, 1) / 64 * 64)) }

        /// The way in which a model encodes positions.
        public enum Positions: Hashable, Sendable {
            /// A vector for each position is added to the token's.
            case learned
            case rotary(RotaryEmbedding)
        }

        /// What a file says of LongRoPE whose divisors are among its tensors.
        struct StoredLongRope: Hashable, Sendable {
            let originalPositions: Int
            let magnitude: Double
            /// Whether the file says that there are divisors; where it does not, it need not have them.
            let isRequired: Bool
        }

        struct Biases: OptionSet, Hashable, Sendable {
            let rawValue: Int
            static let queryKeyValue = Biases(rawValue: 1)
            static let output = Biases(rawValue: 2)
            static let feedForward = Biases(rawValue: 4)
        }

        enum WindowedLayers: Hashable, Sendable {
            case all
            /// 0, 2, 4 …
            case even
            case from(Int)
            case these(Set<Int>)
        }

        /// The window of a layer; nil: it sees all before it.
        public func window(ofLayer index: Int) -> Int? {
            let isWindowed =
                switch windowedLayers {
                case .all: true
                case .even: index % 2 == 0
                case .from(let first): index >= first
                case .these(let layers): layers.contains(index)
                }
            return isWindowed ? window : nil
        }

        func mask(ofLayer index: Int) -> any AttentionMask {
            if let window = window(ofLayer: index) { .slidingWindow(before: window - 1) } else { .causal }
        }
    }
}
