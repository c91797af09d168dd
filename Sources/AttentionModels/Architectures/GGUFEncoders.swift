import Attention
import AttentionTensors

/// The encoders that GGUF files hold, as llama.cpp reads them.
enum GGUFEncoder: String, CaseIterable {
    /// BERT (arXiv:1810.04805) and RoBERTa (arXiv:1907.11692), whose table of positions begins with the first
    /// token's in these files.
    case bert
    /// Nomic's BERT (arXiv:2402.01613): rotary positions, a gated feed-forward network, few biases.
    case nomicBERT = "nomic-bert"

    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    func configuration(_ fields: GGUFFields) throws -> EncoderTransformer.Configuration {
        let (width, heads) = (
            try fields.required("embedding_length"), try fields.uniform("attention.head_count")
        )
        try ConfigurationCheck.divides(heads, width, fields.key("attention.head_count"))
        if try fields.isTrue("attention.causal") {
            throw fields.unsupported("attention.causal", "true", "false")
        }
        if let shared = try fields.optionalUniform("attention.head_count_kv"), shared != heads {
            throw fields.unsupported("attention.head_count_kv", "\(shared)", "as many as heads, \(heads)")
        }
        if let experts = try fields.integer("expert_count"), experts > 0 {
            throw fields.unsupported("expert_count", "\(experts)", "0")
        }
        var configuration = EncoderTransformer.Configuration(
            width: width, layers: try fields.required("block_count"), heads: heads,
            feedForwardWidth: try fields.uniform("feed_forward_length"), vocabulary: try fields.vocabulary(),
            positions: try fields.required("context_length"), numbering: .fromZero,
            segments: try fields.metadata.integer("tokenizer.ggml.token_type_count") ?? 0,
            // The function that the models were trained with; llama.cpp takes its tanh approximation.
            activation: .gelu,
            normEpsilon: Float(try fields.double("attention.layer_norm_epsilon") ?? 1e-12))
        configuration.hasBiases = false
        if self == .nomicBERT {
            configuration.rotary = try fields.rotary(headWidth: width / heads, pairing: .halves)
            configuration.activation = .silu
            configuration.isGated = true
        }
        return configuration
    }
}

extension EncoderTransformer.TensorNames {
    /// The names that GGUF files of every encoder have.
    static let gguf = EncoderTransformer.TensorNames(
        prefix: nil, tokens: "token_embd", positions: "position_embd", segments: "token_types",
        embeddingNorm: "token_embd_norm", layers: "blk",
        attention: MultiHeadAttention.Names(
            query: "attn_q", key: "attn_k", value: "attn_v", output: "attn_output"),
        joinedQueryKeyValue: "attn_qkv", attentionNorm: "attn_output_norm", gate: "ffn_gate",
        expand: "ffn_up",
        contract: "ffn_down", feedForwardNorm: "layer_output_norm")
}
