import Attention
import AttentionTensors

/// BERT (arXiv:1810.04805) and its family with the same configuration: `bert`, `roberta`
/// (arXiv:1907.11692), `xlm-roberta` (arXiv:1911.02116).
struct BERTConfiguration: Decodable, EncoderArchitecture {
    static let modelTypes = ["bert", "roberta", "xlm-roberta"]

    let model_type: String
    let hidden_size: Int
    let num_hidden_layers: Int
    let num_attention_heads: Int
    let intermediate_size: Int
    let vocab_size: Int
    let max_position_embeddings: Int
    let type_vocab_size: Int?
    let hidden_act: String?
    let layer_norm_eps: Float?
    let pad_token_id: Int?
    let position_embedding_type: String?
    let is_decoder: Bool?
    let add_cross_attention: Bool?

    func encoder() throws(ModelConfigurationError) -> EncoderTransformer.Configuration {
        for (field, value) in [("is_decoder", is_decoder), ("add_cross_attention", add_cross_attention)]
        where value == true {
            throw .unsupported(field: field, value: "true", supported: "false")
        }
        if let kind = position_embedding_type, kind != "absolute" {
            throw .unsupported(field: "position_embedding_type", value: "'\(kind)'", supported: "absolute")
        }
        let isRoBERTa = model_type != "bert"
        return EncoderTransformer.Configuration(
            width: hidden_size, layers: num_hidden_layers, heads: num_attention_heads,
            feedForwardWidth: intermediate_size, vocabulary: vocab_size, positions: max_position_embeddings,
            numbering: isRoBERTa ? .after(padding: pad_token_id ?? 1) : .fromZero,
            segments: type_vocab_size ?? 2,
            activation: try Activation(configured: hidden_act ?? "gelu", field: "hidden_act"),
            normEpsilon: layer_norm_eps ?? 1e-12)
    }

    var tensorNames: EncoderTransformer.TensorNames {
        EncoderTransformer.TensorNames(
            prefix: model_type == "bert" ? "bert" : "roberta",
            tokens: "embeddings.word_embeddings", positions: "embeddings.position_embeddings",
            segments: "embeddings.token_type_embeddings", embeddingNorm: "embeddings.LayerNorm",
            layers: "encoder.layer",
            attention: MultiHeadAttention.Names(
                query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
                output: "attention.output.dense"),
            attentionNorm: "attention.output.LayerNorm", expand: "intermediate.dense",
            contract: "output.dense",
            feedForwardNorm: "output.LayerNorm")
    }
}
