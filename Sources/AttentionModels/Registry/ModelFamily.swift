/// A family of published models: what its files say, and what that means as a transformer.
///
/// A family is a type that is decoded from `config.json`. One file holds it all: the fields, their meaning,
/// the names of the tensors, and, where there is one, the form of GGUF files. A program adds a family of its
/// own with ``ModelRegistry/register(_:)``.
///
/// ```swift
/// struct Granite: ModelFamily {
///     static let kind = ModelKind.decoder
///     static let modelTypes = ["granite"]
///     let llama: LlamaFields
///     let multiplier: Float
///
///     init(from decoder: any Decoder) throws { … }
///     func configuration() throws -> TransformerConfiguration {
///         var configuration = try llama.configuration()
///         configuration.input.scale = multiplier
///         return configuration
///     }
///     var names: CheckpointNames { .llama }
/// }
/// ```
public protocol ModelFamily: Decodable, Sendable {
    /// What its models are made for.
    static var kind: ModelKind { get }
    /// The values of `model_type` in `config.json` that it answers to.
    static var modelTypes: [String] { get }
    /// The values of `general.architecture` in GGUF files that it answers to. The first one is written. Empty
    /// by default.
    static var ggufNames: [String] { get }
    /// The family in whose form GGUF files hold its models: itself by default, and Llama for Mistral.
    static var storedInGGUF: any ModelFamily.Type { get }

    /// What the file means.
    ///
    /// - Throws: ``ModelConfigurationError`` for what is not implemented.
    func configuration() throws -> TransformerConfiguration
    /// The names of the tensors of its checkpoints.
    var names: CheckpointNames { get }

    /// What a GGUF file's metadata mean. The default throws.
    ///
    /// - Throws: ``ModelConfigurationError``; what the metadata throw.
    static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration
    /// The names of the tensors in GGUF files: ``CheckpointNames/gguf`` by default.
    static var namesInGGUF: CheckpointNames { get }
    /// The metadata of GGUF files that mean `configuration`; those that most architectures have by default. A
    /// file that would not mean the same when it is read back is refused.
    ///
    /// - Throws: ``ModelConfigurationError`` for what GGUF files cannot say.
    static func metadata(
        gguf name: String, of configuration: TransformerConfiguration
    ) throws -> [(key: String, value: GGUFForm.Value)]
}

extension ModelFamily {
    public static var ggufNames: [String] { [] }
    public static var storedInGGUF: any ModelFamily.Type { Self.self }
    public static var namesInGGUF: CheckpointNames { .gguf }

    public static func configuration(gguf fields: GGUFFields) throws -> TransformerConfiguration {
        throw ModelConfigurationError.unknownArchitecture(fields.architecture, known: ModelRegistry.ggufNames)
    }

    public static func metadata(
        gguf name: String, of configuration: TransformerConfiguration
    ) throws -> [(key: String, value: GGUFForm.Value)] {
        try GGUFForm.metadata(architecture: name, of: configuration, names: namesInGGUF)
    }
}
