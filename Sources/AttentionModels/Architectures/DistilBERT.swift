import Attention
import AttentionTensors

/// DistilBERT (arXiv:1910.01108): BERT with half the layers and no segments, under names of its own.
struct DistilBERTConfiguration: Decodable, EncoderArchitecture {
    static let modelTypes = ["distilbert"]

    let dim: Int
    let n_layers: Int
    let n_heads: Int
    let hidden_dim: Int
    let vocab_size: Int
    let max_position_embeddings: Int
    let activation: String?

    func encoder() throws(ModelConfigurationError) -> EncoderTransformer.Configuration {
        EncoderTransformer.Configuration(
            width: dim, layers: n_layers, heads: n_heads, feedForwardWidth: hidden_dim,
            vocabulary: vocab_size,
            positions: max_position_embeddings, numbering: .fromZero, segments: 0,
            activation: try Activation(configured: activation ?? "gelu", field: "activation"),
            normEpsilon: 1e-12)
    }

    var tensorNames: EncoderTransformer.TensorNames {
        EncoderTransformer.TensorNames(
            prefix: "distilbert",
            tokens: "embeddings.word_embeddings", positions: "embeddings.position_embeddings", segments: nil,
            embeddingNorm: "embeddings.LayerNorm", layers: "transformer.layer",
            attention: MultiHeadAttention.Names(
                query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
                output: "attention.out_lin"),
            attentionNorm: "sa_layer_norm", expand: "ffn.lin1", contract: "ffn.lin2",
            feedForwardNorm: "output_layer_norm")
    }
}
