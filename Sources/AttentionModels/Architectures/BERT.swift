import Attention
import AttentionTensors

/// BERT (arXiv:1810.04805) and its family with the same configuration: `bert`, `roberta`
/// (arXiv:1907.11692), `xlm-roberta` (arXiv:1911.02116).
struct BERTConfiguration: Decodable, EncoderArchitecture {
    static let modelTypes = ["bert", "roberta", "xlm-roberta"]

    let modelType: String
    let hiddenSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let intermediateSize: Int
    let vocabSize: Int
    let maxPositionEmbeddings: Int
    let typeVocabSize: Int?
    let hiddenAct: String?
    let layerNormEps: Float?
    let padTokenId: Int?
    let positionEmbeddingType: String?
    let isDecoder: Bool?
    let addCrossAttention: Bool?

    private enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case hiddenSize = "hidden_size"
        case numHiddenLayers = "num_hidden_layers"
        case numAttentionHeads = "num_attention_heads"
        case intermediateSize = "intermediate_size"
        case vocabSize = "vocab_size"
        case maxPositionEmbeddings = "max_position_embeddings"
        case typeVocabSize = "type_vocab_size"
        case hiddenAct = "hidden_act"
        case layerNormEps = "layer_norm_eps"
        case padTokenId = "pad_token_id"
        case positionEmbeddingType = "position_embedding_type"
        case isDecoder = "is_decoder"
        case addCrossAttention = "add_cross_attention"
    }

    func encoder() throws(ModelConfigurationError) -> EncoderTransformer.Configuration {
        for (field, value) in [("is_decoder", isDecoder), ("add_cross_attention", addCrossAttention)]
        where value == true {
            throw .unsupported(field: field, value: "true", supported: "false")
        }
        if let kind = positionEmbeddingType, kind != "absolute" {
            throw .unsupported(field: "position_embedding_type", value: "'\(kind)'", supported: "absolute")
        }
        let isRoBERTa = modelType != "bert"
        return EncoderTransformer.Configuration(
            width: hiddenSize, layers: numHiddenLayers, heads: numAttentionHeads,
            feedForwardWidth: intermediateSize, vocabulary: vocabSize, positions: maxPositionEmbeddings,
            numbering: isRoBERTa ? .after(padding: padTokenId ?? 1) : .fromZero,
            segments: typeVocabSize ?? 2,
            activation: try Activation(configured: hiddenAct ?? "gelu", field: "hidden_act"),
            normEpsilon: layerNormEps ?? 1e-12)
    }

    var tensorNames: EncoderTransformer.TensorNames {
        EncoderTransformer.TensorNames(
            prefix: modelType == "bert" ? "bert" : "roberta",
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
