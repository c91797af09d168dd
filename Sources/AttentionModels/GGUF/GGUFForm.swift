import Attention
import AttentionFiles
import AttentionTensors

/// A model as a GGUF file holds it: what the metadata say, and which tensors there are under which names. The
/// reverse of ``ModelDescription/init(metadata:)``.
public struct GGUFForm: Sendable {
    /// A value of the metadata.
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    /// `general.architecture`
    public let architecture: String
    /// In the order in which it is written. Without the tokenizer's.
    public let metadata: [(key: String, value: Value)]
    /// In the order in which they are written.
    public let tensors: [CheckpointTensor]

    /// The metadata that most architectures have, for a family that adds its own.
    ///
    /// - Parameters:
    ///   - architecture: `general.architecture`
    ///   - model: What the metadata mean.
    ///   - names: The tensors that files of the architecture have.
    /// - Throws: ``ModelConfigurationError`` for rotary positions that have no keys.
    public static func metadata(
        architecture: String, of model: TransformerConfiguration, names: CheckpointNames
    ) throws -> [(key: String, value: Value)] {
        var writer = GGUFMetadataWriter(architecture: architecture, model)
        try writer.write(names)
        return writer.metadata
    }
}

extension ModelDescription {
    /// This model as a GGUF file holds it.
    ///
    /// - Parameter source: The checkpoint. Its tensors are read when they are written.
    /// - Throws: ``ModelConfigurationError`` for what GGUF files cannot say; `TensorError` for a tensor that
    ///   is missing.
    public func ggufForm(of source: any WeightSource) throws -> GGUFForm {
        let stored = family.storedInGGUF
        guard let name = stored.ggufNames.first, kind == .decoder else {
            throw ModelConfigurationError.unsupported(
                field: "model_type", value: "'\(architecture)', of which no GGUF file is written",
                supported: ModelRegistry.all.filter {
                    $0.kind == .decoder && !$0.storedInGGUF.ggufNames.isEmpty
                }
                .flatMap { $0.modelTypes }.joined(separator: ", "))
        }
        var metadata = [(key: GGUFKey.architecture, value: GGUFForm.Value.text(name))]
        metadata += try stored.metadata(gguf: name, of: configuration)
        try checkMeaning(of: metadata, family: stored)
        var writer = CheckpointWriter(
            configuration, names: stored.namesInGGUF, source: StoredParts(self, source: source))
        try writer.write()
        return GGUFForm(architecture: name, metadata: metadata, tensors: writer.tensors)
    }
}
