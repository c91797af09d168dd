import AttentionModels
import AttentionTensors

/// Families that the package does not know, made of its public parts.
enum OutsideFamilies {
    static func register() { _ = once }

    private static let once: Void = {
        do {
            try ModelRegistry.register(Phi.self)
            try ModelRegistry.register(Granite.self)
            try ModelRegistry.register(Nameless.self)
            try ModelRegistry.register(Misnamed.self)
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}

/// Phi (arXiv:2309.05463): attention and the feed-forward network read one norm, side by side; biases
/// everywhere, the head's too.
struct Phi: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["phi"]
    static let ggufNames = ["phi2"]

    private let llama: LlamaFields
    private let normEpsilon: Float

    private enum CodingKeys: String, CodingKey {
        case normEpsilon = "layer_norm_eps"
    }

    init(from decoder: any Decoder) throws {
        llama = try LlamaFields(from: decoder)
        normEpsilon = try decoder.container(keyedBy: CodingKeys.self).decode(Float.self, forKey: .normEpsilon)
    }

    func configuration() throws -> TransformerConfiguration {
        Self.phi(try llama.configuration(), normEpsilon)
    }

    private static func phi(_ llama: TransformerConfiguration, _ epsilon: Float) -> TransformerConfiguration {
        var model = llama
        model.outputNorm = .layer(epsilon: epsilon)
        model.head.hasBias = true
        model.updateBlocks { _, block in
            block.placement = .parallel
            block.norm = .layer(epsilon: epsilon)
            block.attention.hasQueryKeyValueBiases = true
            block.attention.hasOutputBias = true
            block.feedForward.isGated = false
            block.feedForward.hasBiases = true
        }
        return model
    }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.model[.outputNorm] = "final_layernorm"
        names.block[.attentionOutput] = "self_attn.dense"
        names.block[.up] = "mlp.fc1"
        names.block[.down] = "mlp.fc2"
        return names
    }

    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        let epsilon = Float(try fields.double("attention.layer_norm_epsilon") ?? 1e-5)
        return phi(
            try fields.decoder(norm: .layer(epsilon: epsilon), activation: .geluTanh, isGated: false), epsilon
        )
    }

    static var namesInGGUF: CheckpointNames {
        var names = CheckpointNames.gguf
        names.join([.query, .key, .value], as: "attn_qkv", isOptional: true)
        return names
    }
}

/// Llama with a table of names that lacks a part.
struct Nameless: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["nameless"]
    private let llama: LlamaFields

    init(from decoder: any Decoder) throws { llama = try LlamaFields(from: decoder) }
    func configuration() throws -> TransformerConfiguration { try llama.configuration() }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.block[.value] = nil
        return names
    }
}

/// Llama with a name that its checkpoints do not have.
struct Misnamed: ModelFamily {
    static let kind = ModelKind.decoder
    static let modelTypes = ["misnamed"]
    private let llama: LlamaFields

    init(from decoder: any Decoder) throws { llama = try LlamaFields(from: decoder) }
    func configuration() throws -> TransformerConfiguration { try llama.configuration() }

    var names: CheckpointNames {
        var names = CheckpointNames.llama
        names.block[.value] = "self_attn.wrong"
        return names
    }
}
