import Attention
import AttentionTensors

extension EncoderTransformer {
    /// The names of an architecture's tensors. A layer's names stand below `layer.N`.
    struct TensorNames: Sendable {
        /// The prefix that every name may have, depending on how the checkpoint was saved.
        var prefix: String?
        var tokens: String
        var positions: String?
        var segments: String?
        var embeddingNorm: String
        var layers: String
        var attention: MultiHeadAttention.Names
        /// One matrix with the outputs of queries, keys and values side by side, where a checkpoint has it.
        var joinedQueryKeyValue: String?
        var attentionNorm: String
        /// Of a gated network.
        var gate: String?
        var expand, contract: String
        var feedForwardNorm: String
    }

    /// Reads every weight that `configuration` asks for. Tensors of other heads are left alone.
    ///
    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    init(_ configuration: Configuration, names: TensorNames, from source: any WeightSource) throws {
        let source: any WeightSource =
            if let prefix = names.prefix, source.contains("\(prefix).\(names.tokens).weight") {
                source.scoped(prefix)
            } else {
                source
            }
        self.configuration = configuration
        let width = configuration.width
        tokens = try Embedding(
            count: configuration.vocabulary, width: width, from: source.scoped(names.tokens))
        positions = try (configuration.rotary == nil ? names.positions : nil).map {
            try Embedding(count: configuration.positions, width: width, from: source.scoped($0))
        }
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
        func linears(_ name: String, inputs: Int, outputs: [Int]) throws -> [Linear] {
            try source.linears(name, inputs: inputs, outputs: outputs, hasBias: configuration.hasBiases)
        }
        func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
            try linears(name, inputs: inputs, outputs: [outputs])[0]
        }
        let inputs: [Linear] =
            if let joined = names.joinedQueryKeyValue, source.contains("\(joined).weight") {
                try linears(joined, inputs: width, outputs: [width, width, width])
            } else {
                try [names.attention.query, names.attention.key, names.attention.value].map {
                    try linear($0, width, width)
                }
            }
        attention = try MultiHeadAttention(
            heads: configuration.heads, query: inputs[0], key: inputs[1], value: inputs[2],
            output: linear(names.attention.output, width, width))
        attentionNorm = try norm(names.attentionNorm)
        let expand = try linear(names.expand, width, inner)
        let contract = try linear(names.contract, inner, width)
        let activation = configuration.activation
        if let gate = configuration.isGated ? names.gate : nil {
            feedForward = FeedForward(
                gate: try linear(gate, width, inner), up: expand, contract: contract, activation: activation)
        } else {
            feedForward = FeedForward(expand: expand, contract: contract, activation: activation)
        }
        feedForwardNorm = try norm(names.feedForwardNorm)
    }
}
