import Attention
import AttentionJSON
import AttentionTensors

/// BERT (arXiv:1810.04805) and its family with the same configuration: `bert`, `roberta`
/// (arXiv:1907.11692), `xlm-roberta` (arXiv:1911.02116).
struct BERT: ModelFamily {
    static let kind = ModelKind.encoder
    static let modelTypes = ["bert", "roberta", "xlm-roberta"]
    static let ggufNames = ["bert"]

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

    private var isRoBERTa: Bool { ExactString(modelType) != "bert" }

    func configuration() throws -> TransformerConfiguration {
        for (field, value) in [("is_decoder", isDecoder), ("add_cross_attention", addCrossAttention)]
        where value == true {
            throw ModelConfigurationError.unsupported(field: field, value: "true", supported: "false")
        }
        if let kind = positionEmbeddingType, ExactString(kind) != "absolute" {
            throw ModelConfigurationError.unsupported(
                field: "position_embedding_type", value: "'\(kind)'", supported: "absolute")
        }
        var positions = InputConfiguration.PositionTable(count: maxPositionEmbeddings)
        if isRoBERTa {
            let padding = padTokenId ?? 1
            guard (0..<max(maxPositionEmbeddings, 0)).contains(padding) else {
                throw ModelConfigurationError.unsupported(
                    field: "pad_token_id", value: "\(padding)", supported: "a position of the table")
            }
            positions.numbering = .after(padding: padding)
        }
        if let typeVocabSize, typeVocabSize != 0 {
            try ConfigurationCheck.positive(typeVocabSize, "type_vocab_size")
        }
        if let normEpsilon = layerNormEps, !(0...1).contains(normEpsilon) {
            throw ModelConfigurationError.unsupported(
                field: "layer_norm_eps", value: "\(normEpsilon)", supported: "0 to 1")
        }
        return try .bert(
            width: hiddenSize, layers: numHiddenLayers, heads: numAttentionHeads,
            feedForwardWidth: intermediateSize, vocabulary: vocabSize, positions: positions,
            segments: typeVocabSize ?? 2,
            activation: try Activation(configured: hiddenAct ?? "gelu", field: "hidden_act"),
            normEpsilon: layerNormEps ?? 1e-12)
    }

    var names: CheckpointNames {
        CheckpointNames(
            prefixes: [isRoBERTa ? "roberta" : "bert"],
            model: [
                .tokens: "embeddings.word_embeddings", .positions: "embeddings.position_embeddings",
                .segments: "embeddings.token_type_embeddings", .embeddingNorm: "embeddings.LayerNorm",
            ],
            layers: "encoder.layer",
            block: [
                .query: "attention.self.query", .key: "attention.self.key", .value: "attention.self.value",
                .attentionOutput: "attention.output.dense", .attentionNorm: "attention.output.LayerNorm",
                .up: "intermediate.dense", .down: "output.dense", .feedForwardNorm: "output.LayerNorm",
            ])
    }

    /// BERT and RoBERTa, whose table of positions begins with the first token's in these files.
    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        // The function that the models were trained with; llama.cpp takes its tanh approximation.
        try fields.encoder(activation: .gelu, isGated: false, isRotary: false)
    }

    static var namesInGGUF: CheckpointNames { .ggufEncoder }
}

extension TransformerConfiguration {
    /// An encoder with a table of positions, normalised after each sum, with biases everywhere.
    static func bert(
        width: Int, layers: Int, heads: Int, feedForwardWidth: Int, vocabulary: Int,
        positions: InputConfiguration.PositionTable, segments: Int, activation: Activation, normEpsilon: Float
    ) throws -> TransformerConfiguration {
        try ConfigurationCheck.positive(width, "the hidden width")
        try ConfigurationCheck.positive(positions.count, "max_position_embeddings")
        try ConfigurationCheck.divides(heads, width, "the number of heads")
        let norm = NormConfiguration.layer(epsilon: normEpsilon)
        var attention = AttentionConfiguration(
            heads: heads, headWidth: width / heads, span: .bidirectional())
        attention.hasQueryKeyValueBiases = true
        attention.hasOutputBias = true
        var feedForward = FeedForwardConfiguration(
            width: feedForwardWidth, activation: activation, isGated: false)
        feedForward.hasBiases = true
        var input = InputConfiguration()
        input.positions = positions
        input.segments = segments
        input.norm = norm
        return TransformerConfiguration(
            width: width, vocabulary: vocabulary, longestSequence: positions.longestSequence, input: input,
            blocks: try blocks(
                BlockConfiguration(
                    attention: attention, feedForward: feedForward, placement: .after, norm: norm),
                count: layers))
    }
}
