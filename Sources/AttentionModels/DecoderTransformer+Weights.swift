import Attention
import AttentionTensors

extension DecoderTransformer {
    /// Under which names an architecture stores its tensors. A layer's names stand below `layers.N`.
    struct TensorNames: Sendable {
        /// The prefix that every name but the head's may have, depending on how the checkpoint was saved.
        var prefix: String?
        var tokens: String
        var positions: String?
        var layers: String
        var norm: String
        var head: String
        var attentionNorm: String
        var queryKeyValue: QueryKeyValue
        var attentionOutput: String
        var queryNorm, keyNorm: String?
        var attentionOutputNorm: String?
        var feedForwardNorm: String
        var expand: Expand
        var contract: String
        var feedForwardOutputNorm: String?
        /// Whether matrices are stored `[inputs, outputs]`.
        var isTransposed = false
        /// A tensor of divisors of the rotary frequencies, where there is one.
        var rotaryDivisors: String?
        /// Tensors of LongRoPE's divisors, for short and for long texts.
        var longRopeDivisors: (short: String, long: String)?

        enum QueryKeyValue: Sendable {
            case separate(query: String, key: String, value: String)
            /// One matrix with the outputs side by side: queries, keys, values.
            case joined(String)
        }

        enum Expand: Sendable {
            case plain(String)
            case gated(gate: String, up: String)
            /// One matrix with the gate's outputs before the values'.
            case joined(String)
        }
    }

    /// Reads every weight that `configuration` asks for.
    ///
    /// - Throws: `TensorError` for a missing or misshapen tensor; what `source` throws.
    init(_ configuration: Configuration, names: TensorNames, from source: any WeightSource) throws {
        let reader = DecoderReader(configuration, names: names, source: source)
        let inner = reader.inner
        self.configuration = configuration
        tokens = try Embedding(
            count: configuration.vocabulary, width: configuration.width, from: inner.scoped(names.tokens))
        positions = try (configuration.positions == .learned ? names.positions : nil).map {
            try Embedding(
                count: configuration.longestSequence, width: configuration.width, from: inner.scoped($0))
        }
        rotary = try reader.rotary()
        // One by one: `map` would make room for as many layers as a hostile configuration claims.
        var layers: [Layer] = []
        for index in 0..<configuration.layers { layers.append(try reader.layer(index)) }
        self.layers = layers
        norm = try Norm(configuration.norm, width: configuration.width, from: inner.scoped(names.norm))
        isHeadTied = configuration.isHeadTied ?? !source.contains("\(names.head).weight")
        let headSource: any WeightSource =
            isHeadTied ? inner.scoped(names.tokens) : source.scoped(names.head)
        head = try Linear(
            inputs: configuration.width, outputs: configuration.vocabulary, hasBias: false, from: headSource)
    }
}

/// Reads the parts of a decoder by their names.
private struct DecoderReader {
    let configuration: DecoderTransformer.Configuration
    let names: DecoderTransformer.TensorNames
    /// The source below the prefix, where it has one.
    let inner: any WeightSource

    init(
        _ configuration: DecoderTransformer.Configuration, names: DecoderTransformer.TensorNames,
        source: any WeightSource
    ) {
        self.configuration = configuration
        self.names = names
        inner =
            if let prefix = names.prefix, source.contains("\(prefix).\(names.tokens).weight") {
                source.scoped(prefix)
            } else {
                source
            }
    }

    func rotary() throws -> RotaryEmbedding? {
        guard case .rotary(let rotary) = configuration.positions else { return nil }
        func divisors(_ name: String) throws -> [Float] {
            try inner.tensor(name, shape: [rotary.width / 2]).scalars
        }
        let scaling: RotaryEmbedding.Scaling
        if let name = names.rotaryDivisors, inner.contains(name) {
            scaling = .divisors(try divisors(name))
        } else if let stored = configuration.storedLongRope, let (short, long) = names.longRopeDivisors,
            inner.contains(short) || inner.contains(long)
        {
            scaling = .longRope(
                short: try divisors(short), long: try divisors(long),
                originalPositions: stored.originalPositions, magnitude: stored.magnitude)
        } else if configuration.storedLongRope?.isRequired == true {
            guard let (_, long) = names.longRopeDivisors else {
                throw ModelConfigurationError.unsupported(
                    field: "rope.scaling.type", value: "'longrope' in this architecture",
                    supported: "none, linear, yarn")
            }
            throw TensorError.missingTensor(name: long, source: inner.label)
        } else {
            return rotary
        }
        return try RotaryEmbedding(
            width: rotary.width, base: rotary.base, pairing: rotary.pairing, scaling: scaling)
    }

    func layer(_ index: Int) throws -> DecoderTransformer.Layer {
        let source = inner.scoped("\(names.layers).\(index)")
        func norm(_ name: String) throws -> Norm {
            try Norm(configuration.norm, width: configuration.width, from: source.scoped(name))
        }
        func outputNorm(_ name: String?) throws -> Norm? {
            try configuration.normalizesOutputs ? name.map(norm) : nil
        }
        return DecoderTransformer.Layer(
            attentionNorm: try norm(names.attentionNorm),
            attention: try attention(source, mask: configuration.mask(ofLayer: index)),
            attentionOutputNorm: try outputNorm(names.attentionOutputNorm),
            feedForwardNorm: try norm(names.feedForwardNorm), feedForward: try feedForward(source),
            feedForwardOutputNorm: try outputNorm(names.feedForwardOutputNorm))
    }

    private func attention(_ source: ScopedWeights, mask: any AttentionMask) throws -> MultiHeadAttention {
        let (width, headWidth) = (configuration.width, configuration.headWidth)
        let outputs = [configuration.heads, configuration.keyValueHeads, configuration.keyValueHeads].map {
            $0 * headWidth
        }
        let inputs: [Linear]
        switch names.queryKeyValue {
        case .joined(let name):
            inputs = try linears(source, name, inputs: width, outputs: outputs, bias: .queryKeyValue)
        case .separate(let query, let key, let value):
            inputs = try zip([query, key, value], outputs).map {
                try linear(source, $0, inputs: width, outputs: $1, bias: .queryKeyValue)
            }
        }
        let output = try linear(
            source, names.attentionOutput, inputs: configuration.heads * headWidth, outputs: width,
            bias: .output)
        func headNorm(_ name: String?) throws -> RMSNorm? {
            guard configuration.normalizesHeads, let name else { return nil }
            return try RMSNorm(
                width: headWidth, epsilon: configuration.norm.epsilon, from: source.scoped(name))
        }
        let attend = AttentionOperator(
            score: .scaledDotProduct(scale: configuration.scoreScale), softcap: configuration.scoreSoftcap,
            mask: mask)
        var attention = try MultiHeadAttention(
            heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, query: inputs[0],
            key: inputs[1], value: inputs[2], output: output, attention: attend)
        attention.queryNorm = try headNorm(names.queryNorm)
        attention.keyNorm = try headNorm(names.keyNorm)
        return attention
    }

    private func feedForward(_ source: ScopedWeights) throws -> FeedForward {
        let (width, inner) = (configuration.width, configuration.feedForwardWidth)
        func expand(_ name: String) throws -> Linear {
            try linear(source, name, inputs: width, outputs: inner, bias: .feedForward)
        }
        let contract = try linear(
            source, names.contract, inputs: inner, outputs: width, bias: .feedForward)
        let activation = configuration.activation
        switch names.expand {
        case .plain(let name):
            return FeedForward(expand: try expand(name), contract: contract, activation: activation)
        case .gated(let gate, let up):
            return FeedForward(
                gate: try expand(gate), up: try expand(up), contract: contract, activation: activation)
        case .joined(let name):
            let halves = try linears(
                source, name, inputs: width, outputs: [inner, inner], bias: .feedForward)
            return FeedForward(gate: halves[0], up: halves[1], contract: contract, activation: activation)
        }
    }

    private func linear(
        _ source: ScopedWeights, _ name: String, inputs: Int, outputs: Int,
        bias: DecoderTransformer.Configuration.Biases
    ) throws -> Linear {
        try linears(source, name, inputs: inputs, outputs: [outputs], bias: bias)[0]
    }

    private func linears(
        _ source: ScopedWeights, _ name: String, inputs: Int, outputs: [Int],
        bias: DecoderTransformer.Configuration.Biases
    ) throws -> [Linear] {
        try source.linears(
            name, inputs: inputs, outputs: outputs, hasBias: configuration.biases.contains(bias),
            isTransposed: names.isTransposed)
    }
}
