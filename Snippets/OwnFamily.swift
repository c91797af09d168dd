// A family of models that the package does not know: Llama with factors of its own.

// snippet.register
import SwiftAttention

try ModelRegistry.register(Granite.self)
let model = try LanguageModel(path: "granite-3.3-2b-instruct")
// snippet.end

print(model.decoder.configuration.blocks.count)

// snippet.family
struct Granite: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["granite"]

    private let llama: LlamaFields
    private let factors: Factors

    private struct Factors: Decodable {
        let embedding, residual, attention, logits: Float

        private enum CodingKeys: String, CodingKey {
            case embedding = "embedding_multiplier"
            case residual = "residual_multiplier"
            case attention = "attention_multiplier"
            case logits = "logits_scaling"
        }
    }

    init(from decoder: any Decoder) throws {
        llama = try LlamaFields(from: decoder)
        factors = try Factors(from: decoder)
    }

    func configuration() throws -> TransformerConfiguration {
        var model = try llama.configuration()
        model.input.scale = factors.embedding
        model.head.scale = 1 / factors.logits
        model.updateBlocks { _, block in
            block.residualScale = factors.residual
            block.attention.scale = factors.attention
        }
        return model
    }

    var names: CheckpointNames { .llama }
}
// snippet.end
