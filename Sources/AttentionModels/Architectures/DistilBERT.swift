import Attention
import AttentionTensors

/// DistilBERT (arXiv:1910.01108): BERT with half the layers and no segments, under names of its own.
struct DistilBERTConfiguration: Decodable, EncoderArchitecture {
    static let modelTypes = ["distilbert"]

    let dim: Int
    let nLayers: Int
    let nHeads: Int
    let hiddenDim: Int
    let vocabSize: Int
    let maxPositionEmbeddings: Int
    let activation: String?

    private enum CodingKeys: String, CodingKey {
        case dim
        case nLayers = "n_layers"
        case nHeads = "n_heads"
        case hiddenDim = "hidden_dim"
        case vocabSize = "vocab_size"
        case maxPositionEmbeddings = "max_position_embeddings"
        case activation
    }

    func encoder() throws(ModelConfigurationError) -> EncoderTransformer.Configuration {
        EncoderTransformer.Configuration(
            width: dim, layers: nLayers, heads: nHeads, feedForwardWidth: hiddenDim,
            vocabulary: vocabSize,
            positions: maxPositionEmbeddings, numbering: .fromZero, segments: 0,
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
