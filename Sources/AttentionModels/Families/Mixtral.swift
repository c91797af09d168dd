import AttentionTensors

/// Mixtral (arXiv:2401.04088): Mistral with eight feed-forward networks in every layer, of which each token
/// takes two.
struct Mixtral: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["mixtral"]
    static var storedInGGUF: any ModelFamily.Type { Llama.self }

    let fields: LlamaFields
    private let window: MistralWindow
    private let own: Own

    private struct Own: Decodable {
        let numLocalExperts: Int?
        let numExpertsPerTok: Int?

        private enum CodingKeys: String, CodingKey {
            case numLocalExperts = "num_local_experts"
            case numExpertsPerTok = "num_experts_per_tok"
        }
    }

    init(from decoder: any Decoder) throws {
        fields = try LlamaFields(from: decoder)
        window = try MistralWindow(from: decoder, default: nil)
        own = try Own(from: decoder)
    }

    func configuration() throws -> TransformerConfiguration {
        var model = try fields.configuration(positions: 131_072)
        model.setWindow(window.length)
        model.updateBlocks { _, block in
            block.feedForward.experts = ExpertsConfiguration(
                count: own.numLocalExperts ?? 8, perToken: own.numExpertsPerTok ?? 2)
        }
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.block[.router] = "block_sparse_moe.gate"
        names.block[.expertGate] = "block_sparse_moe.experts.*.w1"
        names.block[.expertUp] = "block_sparse_moe.experts.*.w3"
        names.block[.expertDown] = "block_sparse_moe.experts.*.w2"
        return names
    }
}
