import Attention
import AttentionTensors

/// Writes the metadata that models have in common in GGUF files: the reverse of ``GGUFFields``.
struct GGUFMetadataWriter {
    private let architecture: String
    private let model: TransformerConfiguration
    private(set) var metadata: [(key: String, value: GGUFForm.Value)] = []

    init(architecture: String, _ model: TransformerConfiguration) {
        self.architecture = architecture
        self.model = model
    }

    private mutating func set(_ key: String, _ value: Int?) {
        if let value { metadata.append((key: "\(architecture).\(key)", value: .integer(value))) }
    }

    private mutating func set(_ key: String, _ value: Double?) {
        if let value { metadata.append((key: "\(architecture).\(key)", value: .number(value))) }
    }

    private mutating func set(_ key: String, text: String) {
        metadata.append((key: "\(architecture).\(key)", value: .text(text)))
    }

    /// - Parameter names: The tensors that files of the architecture have.
    /// - Throws: ``ModelConfigurationError`` for rotary positions that have no keys.
    mutating func write(_ names: CheckpointNames) throws {
        guard let block = model.blocks.first else { return }
        let attention = block.attention
        set("block_count", model.blocks.count)
        set("context_length", model.longestSequence)
        set("embedding_length", model.width)
        set("feed_forward_length", block.feedForward.width)
        set("attention.head_count", attention.heads)
        set("attention.head_count_kv", attention.keyValueHeads)
        set("attention.key_length", attention.headWidth)
        set("attention.value_length", attention.headWidth)
        set("vocab_size", model.vocabulary)
        switch block.norm {
        case .layer(let epsilon, _): set("attention.layer_norm_epsilon", Double(epsilon))
        case .rms(let epsilon): set("attention.layer_norm_rms_epsilon", Double(epsilon))
        }
        let windows = model.blocks.lazy.map(\.attention).filter { $0.span.window != nil }
        set("attention.sliding_window", windows.first?.span.window)
        set("attn_logit_softcapping", attention.softcap.map(Double.init))
        set("final_logit_softcapping", model.head.softcap.map(Double.init))
        set("expert_count", block.feedForward.experts?.count)
        set("expert_used_count", block.feedForward.experts?.perToken)
        // Layers that see everything are the model's own; those with a window may have a base of their own.
        let global = model.blocks.first { $0.attention.span.window == nil } ?? block
        guard let rotary = global.attention.rotary else { return }
        try write(rotary, names)
        if let local = windows.first?.rotary, local != rotary { set("rope.freq_base_swa", local.base) }
    }

    private mutating func write(_ rotary: RotaryEmbedding, _ names: CheckpointNames) throws {
        set("rope.dimension_count", rotary.width)
        set("rope.freq_base", rotary.base)
        switch rotary.scaling {
        case .none, .llama3, .divisors(_, magnitude: 1): break
        case .longRope(_, _, let original, let magnitude):
            guard names.longRopeDivisors != nil else { throw unsupported("longrope") }
            set("rope.scaling.original_context_length", original)
            set("rope.scaling.attn_factor", magnitude)
        case .linear(let factor):
            set("rope.scaling.type", text: "linear")
            set("rope.scaling.factor", factor)
        case .yarn(let factor, let original, let fast, let slow, let magnitude, _):
            set("rope.scaling.type", text: "yarn")
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
            supported: "what a GGUF file of the architecture '\(architecture)' can say")
    }
}
