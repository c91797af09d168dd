import Attention
import AttentionTensors

/// The fields of `config.json` that the decoders after Llama have in common: root-mean-square norms, rotary
/// positions, grouped queries and a gated feed-forward network.
public struct LlamaFields: Decodable, Sendable {
    let hiddenSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let numKeyValueHeads: Int?
    let headDim: Int?
    let intermediateSize: Int
    let vocabSize: Int
    let maxPositionEmbeddings: Int?
    let hiddenAct: String?
    let rmsNormEps: Float?
    let tieWordEmbeddings: Bool?
    let attentionBias: Bool?
    let mlpBias: Bool?
    let rotary: RotaryFields

    private enum CodingKeys: String, CodingKey {
        case hiddenSize = "hidden_size"
        case numHiddenLayers = "num_hidden_layers"
        case numAttentionHeads = "num_attention_heads"
        case numKeyValueHeads = "num_key_value_heads"
        case headDim = "head_dim"
        case intermediateSize = "intermediate_size"
        case vocabSize = "vocab_size"
        case maxPositionEmbeddings = "max_position_embeddings"
        case hiddenAct = "hidden_act"
        case rmsNormEps = "rms_norm_eps"
        case tieWordEmbeddings = "tie_word_embeddings"
        case attentionBias = "attention_bias"
        case mlpBias = "mlp_bias"
    }

    public init(from decoder: any Decoder) throws { try self.init(from: decoder, defaults: Defaults()) }

    /// What a family's files mean where they do not say it.
    struct Defaults {
        var heads: Int?
        var keyValueHeads: Int?
        var vocabulary: Int?
    }

    init(from decoder: any Decoder, defaults: Defaults) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        hiddenSize = try fields.decode(Int.self, forKey: .hiddenSize)
        numHiddenLayers = try fields.decode(Int.self, forKey: .numHiddenLayers)
        func integer(_ key: CodingKeys, default value: Int?) throws -> Int {
            try (value == nil ? nil : fields.decodeIfPresent(Int.self, forKey: key) ?? value)
                ?? fields.decode(Int.self, forKey: key)
        }
        numAttentionHeads = try integer(.numAttentionHeads, default: defaults.heads)
        numKeyValueHeads =
            try fields.decodeIfPresent(Int.self, forKey: .numKeyValueHeads) ?? defaults.keyValueHeads
        headDim = try fields.decodeIfPresent(Int.self, forKey: .headDim)
        intermediateSize = try fields.decode(Int.self, forKey: .intermediateSize)
        vocabSize = try integer(.vocabSize, default: defaults.vocabulary)
        maxPositionEmbeddings = try fields.decodeIfPresent(Int.self, forKey: .maxPositionEmbeddings)
        hiddenAct = try fields.decodeIfPresent(String.self, forKey: .hiddenAct)
        rmsNormEps = try fields.decodeIfPresent(Float.self, forKey: .rmsNormEps)
        tieWordEmbeddings = try fields.decodeIfPresent(Bool.self, forKey: .tieWordEmbeddings)
        attentionBias = try fields.decodeIfPresent(Bool.self, forKey: .attentionBias)
        mlpBias = try fields.decodeIfPresent(Bool.self, forKey: .mlpBias)
        rotary = try RotaryFields(from: decoder)
    }

    /// The decoder that these fields describe, whose layers are alike and see everything before them.
    ///
    /// - Parameters:
    ///   - headWidth: D where `head_dim` is absent; nil: M / Hq.
    ///   - positions: The most positions where `max_position_embeddings` is absent.
    /// - Throws: ``ModelConfigurationError`` for a value that is not implemented.
    public func configuration(headWidth: Int? = nil, positions: Int = 2048) throws -> TransformerConfiguration
    {
        let headWidth = try self.headWidth(default: headWidth)
        return try configuration(
            headWidth: headWidth, positions: positions, rotary: rotary.embedding(headWidth: headWidth))
    }

    /// The same with rotary positions of the family's own.
    func configuration(
        headWidth: Int, positions: Int, rotary embedding: RotaryEmbedding
    ) throws -> TransformerConfiguration {
        var longest = maxPositionEmbeddings ?? positions
        if case .dynamic(let factor, let original) = embedding.scaling {
            // The file's number is that of the positions before scaling.
            longest = Int(min(max(factor, 1) * Double(original), Double(Int32.max)))
        }
        var attention = AttentionConfiguration(
            heads: numAttentionHeads, keyValueHeads: numKeyValueHeads, headWidth: headWidth,
            rotary: embedding,
            span: .causal())
        attention.hasQueryKeyValueBiases = attentionBias ?? false
        attention.hasOutputBias = attentionBias ?? false
        var feedForward = FeedForwardConfiguration(
            width: intermediateSize,
            activation: try Activation(configured: hiddenAct ?? "silu", field: "hidden_act"), isGated: true)
        feedForward.hasBiases = mlpBias ?? false
        let norm = NormConfiguration.rms(epsilon: rmsNormEps ?? 1e-6)
        var model = TransformerConfiguration(
            width: hiddenSize, vocabulary: vocabSize, longestSequence: longest, input: InputConfiguration(),
            blocks: try TransformerConfiguration.blocks(
                BlockConfiguration(attention: attention, feedForward: feedForward, norm: norm),
                count: numHiddenLayers),
            outputNorm: norm)
        model.head.isTied = tieWordEmbeddings ?? false
        return model
    }

    /// D
    func headWidth(default width: Int?) throws(ModelConfigurationError) -> Int {
        try ConfigurationCheck.positive(numAttentionHeads, "num_attention_heads")
        try ConfigurationCheck.positive(hiddenSize, "hidden_size")
        let headWidth = headDim ?? width ?? hiddenSize / numAttentionHeads
        try ConfigurationCheck.positive(headWidth, "head_dim")
        return headWidth
    }
}
