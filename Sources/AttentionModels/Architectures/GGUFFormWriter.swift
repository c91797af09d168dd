import Attention
import AttentionTensors

/// Walks through a decoder's parts, under both names of each.
struct GGUFFormWriter {
    let configuration: DecoderTransformer.Configuration
    let from: DecoderTransformer.TensorNames
    let to: DecoderTransformer.TensorNames
    let gguf: DecoderTransformer.Description.GGUFIdentity
    let source: any WeightSource
    /// The prefix of the checkpoint's names, if it has one.
    let prefix: String
    var metadata: [(key: String, value: GGUFForm.Value)] = []
    var tensors: [GGUFForm.Tensor] = []

    init(_ description: DecoderTransformer.Description, source: any WeightSource) {
        configuration = description.configuration
        (from, gguf, self.source) = (description.names, description.gguf, source)
        to = gguf.names
        let names = description.names
        let isPrefixed = names.prefix.map { source.contains("\($0).\(names.tokens).weight") } ?? false
        prefix = isPrefixed ? "\(names.prefix ?? "")." : ""
    }

    // MARK: Metadata

    private mutating func set(_ key: String, _ value: Int?) {
        if let value { metadata.append((key: "\(gguf.name).\(key)", value: .integer(value))) }
    }

    private mutating func set(_ key: String, _ value: Double?) {
        if let value { metadata.append((key: "\(gguf.name).\(key)", value: .number(value))) }
    }

    mutating func writeMetadata() throws {
        let c = configuration
        metadata.append((key: "general.architecture", value: .text(gguf.name)))
        set("block_count", c.layers)
        set("context_length", c.longestSequence)
        set("embedding_length", c.width)
        set("feed_forward_length", c.feedForwardWidth)
        set("attention.head_count", c.heads)
        set("attention.head_count_kv", c.keyValueHeads)
        set("attention.key_length", c.headWidth)
        set("attention.value_length", c.headWidth)
        set("vocab_size", c.vocabulary)
        switch c.norm {
        case .layer(let epsilon): set("attention.layer_norm_epsilon", Double(epsilon))
        case .rms(let epsilon, _): set("attention.layer_norm_rms_epsilon", Double(epsilon))
        }
        set("attention.sliding_window", c.window)
        set("attn_logit_softcapping", c.scoreSoftcap.map(Double.init))
        set("final_logit_softcapping", c.logitSoftcap.map(Double.init))
        if case .rotary(let rotary) = c.positions { try writeRotary(rotary) }
    }

    private mutating func writeRotary(_ rotary: RotaryEmbedding) throws {
        set("rope.dimension_count", rotary.width)
        set("rope.freq_base", rotary.base)
        switch rotary.scaling {
        case .none, .llama3, .divisors(_, magnitude: 1): break
        case .longRope(_, _, let original, let magnitude):
            guard to.longRopeDivisors != nil else { throw unsupported("longrope") }
            set("rope.scaling.original_context_length", original)
            set("rope.scaling.attn_factor", magnitude)
        case .linear(let factor):
            metadata.append((key: "\(gguf.name).rope.scaling.type", value: .text("linear")))
            set("rope.scaling.factor", factor)
        case .yarn(let factor, let original, let fast, let slow, let magnitude, _):
            metadata.append((key: "\(gguf.name).rope.scaling.type", value: .text("yarn")))
            set("rope.scaling.factor", factor)
            set("rope.scaling.original_context_length", original)
            set("rope.scaling.yarn_beta_fast", fast)
            set("rope.scaling.yarn_beta_slow", slow)
            let usual = 0.1 * Double.log(max(factor, 1)) + 1
            if let magnitude, magnitude != usual { set("rope.scaling.attn_factor", magnitude / usual) }
        case .divisors: throw unsupported("divisors with a factor of the magnitude")
        case .dynamic: throw unsupported("dynamic")
        }
    }

    private func unsupported(_ scaling: String) -> ModelConfigurationError {
        .unsupported(
            field: "rope_scaling", value: scaling,
            supported: "what a GGUF file of the architecture '\(gguf.name)' can say")
    }
}
