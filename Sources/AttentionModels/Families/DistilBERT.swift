import Attention
import AttentionTensors

/// DistilBERT (arXiv:1910.01108): BERT with half the layers and no segments, under names of its own.
struct DistilBERT: ModelFamily {
    static let kind = ModelKind.encoder
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

    func configuration() throws -> TransformerConfiguration {
        try .bert(
            width: dim, layers: nLayers, heads: nHeads, feedForwardWidth: hiddenDim, vocabulary: vocabSize,
            positions: InputConfiguration.PositionTable(count: maxPositionEmbeddings), segments: 0,
            activation: try Activation(configured: activation ?? "gelu", field: "activation"),
            normEpsilon: 1e-12)
    }

    var names: CheckpointNames {
        CheckpointNames(
            prefixes: ["distilbert"],
            model: [
                .tokens: "embeddings.word_embeddings", .positions: "embeddings.position_embeddings",
                .embeddingNorm: "embeddings.LayerNorm",
            ],
            layers: "transformer.layer",
            block: [
                .query: "attention.q_lin", .key: "attention.k_lin", .value: "attention.v_lin",
                .attentionOutput: "attention.out_lin", .attentionNorm: "sa_layer_norm",
                .up: "ffn.lin1", .down: "ffn.lin2", .feedForwardNorm: "output_layer_norm",
            ])
    }
}
