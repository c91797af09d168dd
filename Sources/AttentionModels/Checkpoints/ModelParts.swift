import AttentionJSON
import AttentionTensors

/// The tensors of a model in memory, as far as they are float32.
struct ModelParts: PartSource {
    let label = "the model"
    private let configuration: TransformerConfiguration
    /// By the names that the model itself gives.
    private let parameters: [ExactString: Tensor]
    let form: StoredForm

    /// - Throws: `GradientError.notTrainable` for weights in other types than float32, whose numbers are not
    ///   known.
    init(_ model: some Parameterized, _ stack: TransformerStack) throws {
        configuration = stack.configuration
        form = stack.form
        let stored = try model.untrainableWeights
        guard stored.isEmpty else { throw GradientError.notTrainable(stored) }
        parameters = Dictionary(
            try model.parameters.map { (ExactString($0.name), $0.value.detached()) },
            uniquingKeysWith: { first, _ in first })
    }

    func contains(_ part: PartAddress) -> Bool { parameters[ExactString(name(of: part))] != nil }

    func tensor(_ part: PartAddress, shape: Shape) throws -> Tensor {
        guard let tensor = parameters[ExactString(name(of: part))] else {
            throw TensorError.missingTensor(name: name(of: part), source: label)
        }
        return try tensor.reshaped(to: shape)
    }

    /// A parameter's name, as `forEachParameter(_:)` gives it.
    private func name(of part: PartAddress) -> String {
        switch part {
        case .model(let part, let kind):
            switch part {
            case .outputNorm: "norm.\(kind)"
            default: "\(part).\(kind)"
            }
        case .block(let layer, let part, let kind): "layers.\(layer).\(path(part, layer)).\(kind)"
        case .expert(let layer, let part, let expert):
            "layers.\(layer).experts.networks.\(expert).\(path(part, layer)).weight"
        }
    }

    private func path(_ part: BlockPart, _ layer: Int) -> String {
        let up = configuration.blocks[layer].feedForward.isGated ? "up" : "expand"
        return switch part {
        case .query, .key, .value, .queryNorm, .keyNorm: "attention.\(part)"
        case .attentionOutput: "attention.output"
        case .gate: "feedForward.gate"
        case .up: "feedForward.\(up)"
        case .down: "feedForward.contract"
        case .router: "experts.router"
        case .expertGate: "gate"
        case .expertUp: up
        case .expertDown: "contract"
        case .attentionNorm, .attentionOutputNorm, .feedForwardNorm, .feedForwardOutputNorm: "\(part)"
        }
    }
}

extension DecoderTransformer {
    /// The model's tensors under the names and in the form of a family's checkpoints, such as the one that it
    /// was read from: what the reference library loads.
    ///
    /// - Parameter description: The family, with the model's own configuration.
    /// - Throws: `GradientError.notTrainable` for a model whose weights are not float32;
    ///   ``ModelConfigurationError`` for a part that the family has no name for.
    public func checkpoint(_ description: ModelDescription) throws -> [CheckpointTensor] {
        try stack.checkpoint(of: self, description)
    }
}

extension EncoderTransformer {
    /// The model's tensors under the names and in the form of a family's checkpoints, such as the one that it
    /// was read from: what the reference library loads.
    ///
    /// - Parameter description: The family, with the model's own configuration.
    /// - Throws: `GradientError.notTrainable` for a model whose weights are not float32;
    ///   ``ModelConfigurationError`` for a part that the family has no name for.
    public func checkpoint(_ description: ModelDescription) throws -> [CheckpointTensor] {
        try stack.checkpoint(of: self, description)
    }
}

extension TransformerStack {
    fileprivate func checkpoint(
        of model: some Parameterized, _ description: ModelDescription
    ) throws -> [CheckpointTensor] {
        var writer = CheckpointWriter(
            configuration, names: description.names, source: try ModelParts(model, self))
        try writer.write()
        return writer.tensors
    }
}
