import Attention
import AttentionTensors

extension EncoderTransformer {
    /// Under which names an architecture stores its tensors. A layer's names stand below `layer.N`.
    struct TensorNames: Sendable {
        /// What may stand before every name, depending on how the checkpoint was saved.
        var prefix: String
        var tokens, positions: String
        var segments: String?
        var embeddingNorm: String
        var layers: String
        var attention: MultiHeadAttention.Names
        var attentionNorm: String
        var expand, contract: String
        var feedForwardNorm: String
    }

    /// Reads every weight that `configuration` asks for. Tensors of other heads are left alone.
    ///
    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    init(_ configuration: Configuration, names: TensorNames, from source: any WeightSource) throws {
        let hasPrefix = source.contains("\(names.prefix).\(names.tokens).weight")
        let source: any WeightSource = hasPrefix ? source.scoped(names.prefix) : source
        self.configuration = configuration
        let width = configuration.width
        tokens = try Embedding(
            count: configuration.vocabulary, width: width, from: source.scoped(names.tokens))
        positions = try Embedding(
            count: configuration.positions, width: width, from: source.scoped(names.positions))
        segments = try (configuration.segments == 0 ? nil : names.segments).map {
            try Embedding(count: configuration.segments, width: width, from: source.scoped($0))
        }
        embeddingNorm = try LayerNorm(
            width: width, epsilon: configuration.normEpsilon, from: source.scoped(names.embeddingNorm))
        // One by one: `map` would make room for as many layers as a hostile configuration claims.
        var layers: [Layer] = []
        for index in 0..<configuration.layers {
            layers.append(
                try Layer(configuration, names: names, from: source.scoped("\(names.layers).\(index)")))
        }
        self.layers = layers
    }
}

extension EncoderTransformer.Layer {
    init(
        _ configuration: EncoderTransformer.Configuration, names: EncoderTransformer.TensorNames,
        from source: ScopedWeights
    ) throws {
        let (width, inner) = (configuration.width, configuration.feedForwardWidth)
        func norm(_ name: String) throws -> LayerNorm {
            try LayerNorm(width: width, epsilon: configuration.normEpsilon, from: source.scoped(name))
        }
        attention = try MultiHeadAttention(
            width: width, heads: configuration.heads, named: names.attention, from: source)
        attentionNorm = try norm(names.attentionNorm)
        feedForward = FeedForward(
            expand: try Linear(inputs: width, outputs: inner, from: source.scoped(names.expand)),
            contract: try Linear(inputs: inner, outputs: width, from: source.scoped(names.contract)),
            activation: configuration.activation)
        feedForwardNorm = try norm(names.feedForwardNorm)
    }
}
