import Attention

/// The names under which checkpoints of a family store the parts of a model, and in which form.
///
/// One table serves both directions: a model is read through it, and written through it.
///
/// ```swift
/// var names = CheckpointNames.llama
/// names.join([.query, .key, .value], as: "self_attn.qkv_proj")          // one matrix, one below the other
/// ```
public struct CheckpointNames: Sendable {
    /// The prefixes that every name but the head's may have, depending on how the checkpoint was saved. The
    /// first one is written.
    public var prefixes: [String]
    /// The names of the parts outside the blocks, without the prefix.
    public var model: [ModelPart: String]
    /// The name of the list of blocks: the parts of block N stand below `layers.N`.
    public var layers: String
    /// The names within a block. One of a part of experts either holds `*` in the place of the expert's
    /// number, or is that of one tensor `[E, outputs, inputs]` whose name ends there.
    public var block: [BlockPart: String]
    var joins: [Join] = []
    /// Whether matrices are stored `[inputs, outputs]`.
    public var isTransposed = false
    /// Whether gains of norms by root mean square are stored without their 1, as in Gemma.
    public var gainsAreOffsets = false
    /// The channels of queries and keys that turn together, in the order in which they are stored.
    public var pairing = RotaryEmbedding.Pairing.halves
    /// A tensor of divisors of the rotary frequencies, where there is one.
    public var rotaryDivisors: String?
    /// The tensors of LongRoPE's divisors, for short and for long texts.
    public var longRopeDivisors: (short: String, long: String)?

    /// Parts whose outputs stand one below the other in one matrix.
    struct Join: Sendable {
        let parts: [BlockPart]
        let name: String
        /// Whether checkpoints may have the parts by themselves instead.
        let isOptional: Bool
    }

    /// A table in which each part has a tensor of its own.
    public init(
        prefixes: [String] = [], model: [ModelPart: String], layers: String, block: [BlockPart: String]
    ) {
        self.prefixes = prefixes
        self.model = model
        self.layers = layers
        self.block = block
    }

    /// Lets parts stand in one matrix, their outputs one below the other.
    ///
    /// - Parameters:
    ///   - parts: The parts in their order.
    ///   - name: The matrix's name in the block.
    ///   - isOptional: Whether checkpoints may have the parts by themselves instead, under their own names.
    public mutating func join(_ parts: [BlockPart], as name: String, isOptional: Bool = false) {
        joins.append(Join(parts: parts, name: name, isOptional: isOptional))
    }

    /// The matrix that a part shares with others.
    func join(of part: BlockPart) -> Join? { joins.first { $0.parts.contains(part) } }
}

extension CheckpointNames {
    /// The names that checkpoints of Llama and the families after it have.
    public static let llama = CheckpointNames(
        prefixes: ["model"],
        model: [.tokens: "embed_tokens", .outputNorm: "norm", .head: "lm_head"],
        layers: "layers",
        block: [
            .attentionNorm: "input_layernorm",
            .query: "self_attn.q_proj", .key: "self_attn.k_proj", .value: "self_attn.v_proj",
            .attentionOutput: "self_attn.o_proj",
            .feedForwardNorm: "post_attention_layernorm",
            .gate: "mlp.gate_proj", .up: "mlp.up_proj", .down: "mlp.down_proj",
        ])

    /// The names that GGUF files of decoders have.
    public static let gguf: CheckpointNames = {
        var names = CheckpointNames(
            model: [
                .tokens: "token_embd", .positions: "position_embd", .segments: "token_types",
                .embeddingNorm: "token_embd_norm", .outputNorm: "output_norm", .head: "output",
            ],
            layers: "blk",
            block: [
                .attentionNorm: "attn_norm", .query: "attn_q", .key: "attn_k", .value: "attn_v",
                .attentionOutput: "attn_output", .queryNorm: "attn_q_norm", .keyNorm: "attn_k_norm",
                .attentionOutputNorm: "post_attention_norm", .feedForwardNorm: "ffn_norm",
                .gate: "ffn_gate", .up: "ffn_up", .down: "ffn_down", .feedForwardOutputNorm: "post_ffw_norm",
                .router: "ffn_gate_inp", .expertGate: "ffn_gate_exps", .expertUp: "ffn_up_exps",
                .expertDown: "ffn_down_exps",
            ])
        names.rotaryDivisors = "rope_freqs.weight"
        return names
    }()

    /// The names that GGUF files of encoders with norms after the sums have.
    public static let ggufEncoder: CheckpointNames = {
        var names = gguf
        names.block[.attentionNorm] = "attn_output_norm"
        names.block[.feedForwardNorm] = "layer_output_norm"
        names.join([.query, .key, .value], as: "attn_qkv", isOptional: true)
        names.rotaryDivisors = nil
        return names
    }()
}
