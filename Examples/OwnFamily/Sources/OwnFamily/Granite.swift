import Attention
import AttentionModels
import AttentionTensors

/// Granite (arXiv:2408.13359): Llama with factors of token vectors, residuals, scores and logits.
///
/// swift-attention does not have this family. One file makes it known, in both forms in which its models are
/// published.
struct Granite: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["granite"]
    static let ggufNames = ["granite"]

    private let llama: LlamaFields
    private let factors: Factors

    init(from decoder: any Decoder) throws {
        llama = try LlamaFields(from: decoder)
        factors = try Factors(from: decoder)
    }

    func configuration() throws -> TransformerConfiguration { factors.applied(to: try llama.configuration()) }

    var names: CheckpointNames { .llama }

    // MARK: GGUF

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        let model = try fields.decoder(norm: fields.rmsNorm(), activation: .silu)
        return Factors(
            embedding: Float(try fields.double("embedding_scale") ?? 1),
            residual: Float(try fields.double("residual_scale") ?? 1),
            attention: try fields.double("attention.scale").map { Float($0) },
            logits: Float(try fields.double("logit_scale") ?? 1)
        ).applied(to: model)
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.pairing = .interleaved
        return names
    }

    static func metadata(
        gguf name: String, of model: TransformerConfiguration
    ) throws -> [(key: String, value: GGUFForm.Value)] {
        var metadata = try GGUFForm.metadata(architecture: name, of: model, names: namesInGGUF)
        func set(_ key: String, _ value: Float) {
            metadata.append((key: "\(name).\(key)", value: .number(Double(value))))
        }
        set("embedding_scale", model.input.scale)
        set("residual_scale", model.blocks[0].residualScale)
        set("logit_scale", 1 / model.head.scale)
        if let scale = model.blocks[0].attention.scale { set("attention.scale", scale) }
        return metadata
    }
}

/// What Granite multiplies by.
private struct Factors: Decodable {
    var embedding, residual: Float
    var attention: Float?
    var logits: Float

    private enum CodingKeys: String, CodingKey {
        case embedding = "embedding_multiplier"
        case residual = "residual_multiplier"
        case attention = "attention_multiplier"
        case logits = "logits_scaling"
    }

    func applied(to llama: TransformerConfiguration) -> TransformerConfiguration {
        var model = llama
        model.input.scale = embedding
        model.head.scale = 1 / logits
        model.updateBlocks { _, block in
            block.residualScale = residual
            block.attention.scale = attention
        }
        return model
    }
}
