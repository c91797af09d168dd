import Attention
import AttentionFiles
import AttentionTensors

/// Nomic's BERT (arXiv:2402.01613): rotary positions, a gated feed-forward network, few biases. It is read
/// from GGUF files alone.
struct NomicBERT: ModelFamily {
    static let kind = ModelKind.encoder
    static let modelTypes: [String] = []
    static let ggufNames = ["nomic-bert"]

    init(from decoder: any Decoder) throws { throw Self.onlyGGUF }

    func configuration() throws -> TransformerConfiguration { throw Self.onlyGGUF }

    var names: CheckpointNames { .ggufEncoder }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        try fields.encoder(activation: .silu, isGated: true, isRotary: true)
    }

    static var namesInGGUF: CheckpointNames { .ggufEncoder }

    private static let onlyGGUF = ModelConfigurationError.unsupported(
        field: "model_type", value: "'nomic_bert'", supported: "a GGUF file of this model")
}

extension GGUFFields {
    /// An encoder whose norms stand after the sums, as llama.cpp reads it. Biases count where they are
    /// stored.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    func encoder(activation: Activation, isGated: Bool, isRotary: Bool) throws -> TransformerConfiguration {
        let (width, heads) = (try required("embedding_length"), try uniform("attention.head_count"))
        try ConfigurationCheck.divides(heads, width, key("attention.head_count"))
        if try isTrue("attention.causal") { throw unsupported("attention.causal", "true", "false") }
        if let shared = try optionalUniform("attention.head_count_kv"), shared != heads {
            throw unsupported("attention.head_count_kv", "\(shared)", "as many as heads, \(heads)")
        }
        try refuseExperts()
        let norm = NormConfiguration.layer(
            epsilon: Float(try double("attention.layer_norm_epsilon") ?? 1e-12))
        let longest = try required("context_length")
        var input = InputConfiguration()
        if !isRotary { input.positions = InputConfiguration.PositionTable(count: longest) }
        input.segments = try metadata.integer(GGUFKey.Tokenizer.segmentCount.name) ?? 0
        input.norm = norm
        let block = BlockConfiguration(
            attention: AttentionConfiguration(
                heads: heads, headWidth: width / heads,
                rotary: isRotary ? try rotary(headWidth: width / heads) : nil, span: .bidirectional()),
            feedForward: FeedForwardConfiguration(
                width: try uniform("feed_forward_length"), activation: activation, isGated: isGated),
            placement: .after, norm: norm)
        return TransformerConfiguration(
            width: width, vocabulary: try vocabulary(), longestSequence: longest, input: input,
            blocks: try TransformerConfiguration.blocks(block, count: required("block_count")))
    }
}
