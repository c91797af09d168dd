import AttentionFiles
import AttentionTensors

/// What a published model says about itself, decoded and checked: its family, what it computes, and how its
/// tensors are named.
public struct ModelDescription: Decodable, Sendable {
    /// The purpose of the model.
    public let kind: ModelKind
    /// The name that the file has for the architecture: `model_type`, or `general.architecture`.
    public let architecture: String
    /// What it computes.
    public let configuration: TransformerConfiguration
    /// The names of its tensors.
    public let names: CheckpointNames
    let family: any ModelFamily.Type

    private enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case quantizationConfig = "quantization_config"
    }

    /// Reads a `config.json`.
    ///
    /// - Throws: ``ModelConfigurationError``; what the decoder throws.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let type = try fields.decode(String.self, forKey: .modelType)
        guard let family = ModelRegistry.family(modelType: type) else {
            throw ModelConfigurationError.unknownArchitecture(type, known: ModelRegistry.modelTypes)
        }
        if fields.contains(.quantizationConfig), try !fields.decodeNil(forKey: .quantizationConfig) {
            throw ModelConfigurationError.unsupported(
                field: "quantization_config", value: "present",
                supported: "weights in float32, float16 or bfloat16, or a GGUF file")
        }
        let values = try family.init(from: decoder)
        (kind, architecture, self.family) = (family.kind, type, family)
        (configuration, names) = (try values.configuration(), values.names)
        try configuration.check()
    }

    /// Reads a GGUF file's metadata.
    ///
    /// - Throws: ``ModelConfigurationError``; what `metadata` throws.
    public init(metadata: any ModelMetadata) throws {
        guard let name = try metadata.string(GGUFKey.architecture) else {
            throw ModelConfigurationError.unsupported(
                field: GGUFKey.architecture, value: "absent", supported: "an architecture's name")
        }
        guard let family = ModelRegistry.family(ggufName: name) else {
            throw ModelConfigurationError.unknownArchitecture(name, known: ModelRegistry.ggufNames)
        }
        (kind, architecture, self.family) = (family.kind, name, family)
        configuration = try family.configuration(gguf: GGUFFields(metadata: metadata, architecture: name))
        names = family.namesInGGUF
        try configuration.check()
    }

    /// - Throws: ``ModelConfigurationError/wrongKind(_:architecture:expected:)`` for a model of another kind.
    func require(_ kind: ModelKind) throws(ModelConfigurationError) {
        guard self.kind == kind else {
            throw .wrongKind(
                self.kind, architecture: architecture, expected: kind,
                known: ModelRegistry.all.filter { $0.kind == kind }.flatMap { $0.modelTypes })
        }
    }
}
