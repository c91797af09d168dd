import Attention
import AttentionTensors

/// Reads the parts of a model from a checkpoint.
struct CheckpointReader {
    let configuration: TransformerConfiguration
    let names: CheckpointNames
    /// The whole source, which has the head.
    private let outer: any WeightSource
    /// The source below the prefix, where it has one.
    let inner: any WeightSource

    init(_ configuration: TransformerConfiguration, names: CheckpointNames, source: any WeightSource) {
        self.configuration = configuration
        self.names = names
        outer = source
        inner = names.prefix(in: source).map { source.scoped($0) } ?? source
    }

    func table(_ part: ModelPart, count: Int) throws -> Embedding {
        try Embedding(count: count, width: configuration.width, from: inner.scoped(names.name(of: part)))
    }

    func norm(_ part: ModelPart, _ norm: NormConfiguration?) throws -> Norm? {
        try norm.map {
            try Norm(
                $0, width: configuration.width, gainIsOffset: names.gainsAreOffsets,
                from: inner.scoped(names.name(of: part)))
        }
    }

    /// Whether the head is the table of tokens.
    func isHeadTied() throws -> Bool {
        try configuration.head.isTied ?? !outer.contains("\(names.name(of: .head)).weight")
    }

    func head() throws -> Linear {
        let source: any WeightSource =
            try isHeadTied()
            ? inner.scoped(names.name(of: .tokens)) : outer.scoped(names.name(of: .head))
        return try Linear(
            inputs: configuration.width, outputs: configuration.vocabulary,
            hasBias: configuration.head.hasBias || source.contains("bias"), from: source)
    }

    func blocks() throws -> [Block] {
        // Positions and masks of equal layers are shared.
        var rotary: [RotaryEmbedding: RotaryEmbedding] = [:]
        var blocks: [Block] = []
        for (index, block) in configuration.blocks.enumerated() {
            if let own = block.attention.rotary, rotary[own] == nil { rotary[own] = try resolved(own) }
            let reader = BlockReader(
                configuration: block, width: configuration.width, names: names,
                source: inner.scoped("\(names.layers).\(index)"))
            blocks.append(try reader.block(rotary: block.attention.rotary.flatMap { rotary[$0] }))
        }
        return blocks
    }

    /// Rotary positions in the checkpoint's order of channels, with the divisors that are among its tensors.
    private func resolved(_ rotary: RotaryEmbedding) throws -> RotaryEmbedding {
        func divisors(_ name: String) throws -> [Float] {
            try inner.tensor(name, shape: [rotary.width / 2]).scalars
        }
        var scaling = rotary.scaling
        if let name = names.rotaryDivisors, inner.contains(name) {
            scaling = .divisors(try divisors(name))
        } else if let stored = configuration.storedLongRope, let (short, long) = names.longRopeDivisors,
            inner.contains(short) || inner.contains(long)
        {
            scaling = .longRope(
                short: try divisors(short), long: try divisors(long),
                originalPositions: stored.originalPositions, magnitude: stored.magnitude)
        } else if configuration.storedLongRope?.isRequired == true {
            guard let (_, long) = names.longRopeDivisors else {
                throw ModelConfigurationError.unsupported(
                    field: "rope.scaling.type", value: "'longrope' in this architecture",
                    supported: "none, linear, yarn")
            }
            throw TensorError.missingTensor(name: long, source: inner.label)
        }
        return try RotaryEmbedding(
            width: rotary.width, base: rotary.base, pairing: names.pairing, scaling: scaling)
    }
}

extension CheckpointNames {
    /// The prefix that a source's names have; nil: none.
    func prefix(in source: any WeightSource) -> String? {
        model[.tokens].flatMap { tokens in
            prefixes.first { source.contains("\($0).\(tokens).weight") }
        }
    }

    /// - Throws: ``ModelConfigurationError`` for a part that the family has no name for.
    func name(of part: ModelPart) throws(ModelConfigurationError) -> String {
        guard let name = model[part] else { throw missing("\(part)") }
        return name
    }

    /// - Throws: ``ModelConfigurationError`` for a part that the family has no name for.
    func name(of part: BlockPart) throws(ModelConfigurationError) -> String {
        guard let name = block[part] else { throw missing("\(part)") }
        return name
    }

    private func missing(_ part: String) -> ModelConfigurationError {
        .unsupported(
            field: "the table of names", value: "without a name for the part '\(part)'",
            supported: "a name for every part of the model")
    }
}
