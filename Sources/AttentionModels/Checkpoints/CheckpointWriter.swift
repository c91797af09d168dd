import Attention
import AttentionTensors

/// Walks through a model's parts, and gives each the name and the form that it has in the checkpoints of a
/// family.
struct CheckpointWriter {
    private let configuration: TransformerConfiguration
    private let names: CheckpointNames
    private let source: any PartSource
    private let form: StoredForm
    private(set) var tensors: [CheckpointTensor] = []

    init(_ configuration: TransformerConfiguration, names: CheckpointNames, source: any PartSource) {
        self.configuration = configuration
        self.names = names
        self.source = source
        form = StoredForm(names)
    }

    /// - Throws: ``ModelConfigurationError`` for a part that the family has no name for; `TensorError` for
    ///   one that the source does not have.
    mutating func write() throws {
        let prefix = names.prefixes.first.map { "\($0)." } ?? ""
        func name(_ part: ModelPart) throws -> String {
            try (part == .head ? "" : prefix) + names.name(of: part)
        }
        for part in configuration.parts {
            try write(.model(part, .weight), as: name(part))
        }
        if try !(configuration.head.isTied ?? !source.contains(.model(.head, .weight))),
            names.model[.head] != nil
        {
            try write(.model(.head, .weight), as: name(.head))
        }
        try writeDivisors(prefix)
        for layer in configuration.blocks.indices {
            try writeBlock(layer, below: "\(prefix)\(names.layers).\(layer).")
        }
    }

    /// Llama 3's scaling and LongRoPE's, which some files hold as what they divide the frequencies by.
    private mutating func writeDivisors(_ prefix: String) throws {
        guard let rotary = configuration.blocks.lazy.compactMap(\.attention.rotary).first else { return }
        func add(_ name: String?, _ values: [Float]) {
            guard let name else { return }
            tensors.append(
                CheckpointTensor(name: prefix + name, shape: [values.count]) {
                    try Tensor(values, shape: [values.count])
                })
        }
        switch rotary.scaling {
        case .llama3:
            let plain = try RotaryEmbedding(width: rotary.width, base: rotary.base)
            add(names.rotaryDivisors, zip(plain.frequencies, rotary.frequencies).map { Float($0 / $1) })
        case .divisors(let divisors, _): add(names.rotaryDivisors, divisors)
        case .longRope(let short, let long, _, _):
            add(names.longRopeDivisors?.long, long)
            add(names.longRopeDivisors?.short, short)
        default: break
        }
    }

    private mutating func writeBlock(_ layer: Int, below path: String) throws {
        for part in configuration.blocks[layer].parts {
            if part.isOfExperts {
                try writeExperts(layer, part, below: path)
            } else if let join = names.join(of: part), !join.isOptional {
                if join.parts.first == part { try write(join, layer, below: path) }
            } else {
                try write(.block(layer, part, .weight), as: path + names.name(of: part))
            }
        }
    }

    /// A weight and the bias that belongs to it.
    private mutating func write(_ part: PartAddress, as name: String) throws {
        guard source.contains(part) else {
            throw TensorError.missingTensor(name: "\(name).weight", source: source.label)
        }
        let parts = [part]
        add("\(name).weight", configuration.shape(of: part), isTransposable: part.isLinear, parts)
        let bias = part.bias
        if let bias, source.contains(bias) {
            add("\(name).bias", configuration.shape(of: bias), isTransposable: false, [bias])
        }
    }

    /// Several parts in one matrix, one below the other.
    private mutating func write(_ join: CheckpointNames.Join, _ layer: Int, below path: String) throws {
        let parts = join.parts.map { PartAddress.block(layer, $0, .weight) }
        if let missing = parts.first(where: { !source.contains($0) }) {
            throw TensorError.missingTensor(name: "\(missing)", source: source.label)
        }
        var shape = configuration.shape(of: parts[0]).extents
        shape[0] = parts.reduce(0) { $0 + configuration.shape(of: $1)[0] }
        add("\(path)\(join.name).weight", Shape(shape), isTransposable: true, parts)
        let biases = parts.compactMap(\.bias)
        if biases.contains(where: source.contains) {
            add("\(path)\(join.name).bias", [shape[0]], isTransposable: false, biases)
        }
    }

    private mutating func writeExperts(_ layer: Int, _ part: BlockPart, below path: String) throws {
        let name = try names.name(of: part)
        let count = configuration.blocks[layer].feedForward.experts?.count ?? 0
        let parts = (0..<count).map { PartAddress.expert(layer, part, $0) }
        guard let first = parts.first, source.contains(first) else {
            throw TensorError.missingTensor(name: "\(path)\(name).weight", source: source.label)
        }
        let shape = configuration.shape(of: first)
        if let names = NumberedName(name) {
            for (expert, part) in parts.enumerated() {
                add("\(path)\(names[expert]).weight", shape, isTransposable: true, [part])
            }
        } else {
            add("\(path)\(name).weight", Shape([count] + shape.extents), isTransposable: false, parts)
        }
    }

    /// - Parameters:
    ///   - name: The whole name.
    ///   - shape: That of all parts, one below the other.
    ///   - isTransposable: Whether it is the matrix of a linear layer.
    ///   - parts: What it is made of. Biases that the source lacks are 0.
    private mutating func add(_ name: String, _ shape: Shape, isTransposable: Bool, _ parts: [PartAddress]) {
        let isTransposed = names.isTransposed && isTransposable
        let stored = isTransposed ? Shape(shape.extents.reversed()) : shape
        tensors.append(
            CheckpointTensor(name: name, shape: stored) { [source, form, configuration] in
                let tensors = try parts.map { part in
                    let own = configuration.shape(of: part)
                    guard source.contains(part) else { return Tensor.zeros(own) }
                    return try form.encoding(
                        source.tensor(part, shape: own), from: source.form, at: part, of: configuration)
                }
                let whole =
                    try tensors.count == 1
                    ? tensors[0]
                    : Tensor.concatenatingRows(tensors.map { try $0.asMatrix() }).reshaped(to: shape)
                return isTransposed ? whole.transposed(0, 1).contiguous() : whole
            })
    }
}

extension TransformerConfiguration {
    /// The parts outside the blocks, without the head.
    fileprivate var parts: [ModelPart] {
        var parts = [ModelPart.tokens]
        if input.positions != nil { parts.append(.positions) }
        if input.segments > 0 { parts.append(.segments) }
        if input.norm != nil { parts.append(.embeddingNorm) }
        if outputNorm != nil { parts.append(.outputNorm) }
        return parts
    }
}

extension PartAddress {
    /// Whether it is the matrix of a linear layer in a block.
    fileprivate var isLinear: Bool {
        switch self {
        case .block(_, let part, .weight): !part.isNorm
        case .expert: true
        case .model, .block: false
        }
    }

    /// The bias that belongs to a weight.
    fileprivate var bias: PartAddress? {
        switch self {
        case .model(let part, .weight): .model(part, .bias)
        case .block(let layer, let part, .weight): .block(layer, part, .bias)
        default: nil
        }
    }
}

extension Tensor {
    /// A vector as a matrix of one column.
    fileprivate func asMatrix() throws -> Tensor { rank == 1 ? try reshaped(to: [shape[0], 1]) : self }
}
