import Attention
import AttentionTensors

/// Reads the parts of one block.
struct BlockReader {
    let configuration: BlockConfiguration
    /// M
    let width: Int
    let names: CheckpointNames
    /// The block's own tensors.
    let source: ScopedWeights

    /// - Parameter rotary: The positions of queries and keys, in the checkpoint's order of channels.
    func block(rotary: RotaryEmbedding?) throws -> Block {
        let parts = Set(configuration.parts)
        func norm(_ part: BlockPart) throws -> Norm? { parts.contains(part) ? try self.norm(part) : nil }
        return Block(
            attentionNorm: try norm(.attentionNorm), attention: try attention(),
            attentionOutputNorm: try norm(.attentionOutputNorm), feedForwardNorm: try norm(.feedForwardNorm),
            network: configuration.feedForward.experts == nil ? try network() : nil,
            experts: try configuration.feedForward.experts.map(experts),
            feedForwardOutputNorm: try norm(.feedForwardOutputNorm),
            placement: configuration.placement, residualScale: configuration.residualScale,
            mask: configuration.attention.span.mask, rotary: rotary)
    }

    private func norm(_ part: BlockPart) throws -> Norm {
        try Norm(
            configuration.norm, width: width, gainIsOffset: names.gainsAreOffsets,
            from: source.scoped(names.name(of: part)))
    }

    private func attention() throws -> MultiHeadAttention {
        let own = configuration.attention
        let inputs = try linears([.query, .key, .value])
        func headNorm(_ part: BlockPart) throws -> RMSNorm? {
            guard own.normalizesHeads else { return nil }
            return try RMSNorm(
                width: own.headWidth, epsilon: configuration.norm.epsilon,
                gainIsOffset: names.gainsAreOffsets, from: source.scoped(names.name(of: part)))
        }
        let attend = AttentionOperator(
            score: .scaledDotProduct(scale: own.scale), softcap: own.softcap, mask: own.span.mask ?? .full)
        var attention = try MultiHeadAttention(
            heads: own.heads, keyValueHeads: own.keyValueHeads, query: inputs[0], key: inputs[1],
            value: inputs[2], output: linears([.attentionOutput])[0], attention: attend)
        attention.queryNorm = try headNorm(.queryNorm)
        attention.keyNorm = try headNorm(.keyNorm)
        return attention
    }

    private func network() throws -> FeedForward {
        let activation = configuration.feedForward.activation
        guard configuration.feedForward.isGated else {
            return FeedForward(
                expand: try linears([.up])[0], contract: try linears([.down])[0], activation: activation)
        }
        let halves = try linears([.gate, .up])
        return FeedForward(
            gate: halves[0], up: halves[1], contract: try linears([.down])[0], activation: activation)
    }

    /// The layers of some parts, each by itself or all from one matrix.
    private func linears(_ parts: [BlockPart]) throws -> [Linear] {
        if let join = names.join(of: parts[0]), !join.isOptional || source.contains("\(join.name).weight") {
            let layers = try source.linears(
                join.name, inputs: size(join.parts[0]).inputs, outputs: join.parts.map { size($0).outputs },
                hasBias: join.parts.contains(where: configuration.mustHaveBias),
                isTransposed: names.isTransposed)
            return parts.compactMap { join.parts.firstIndex(of: $0) }.map { layers[$0] }
        }
        return try parts.map { part in
            let size = size(part)
            return try source.linears(
                names.name(of: part), inputs: size.inputs, outputs: [size.outputs],
                hasBias: configuration.mustHaveBias(part), isTransposed: names.isTransposed)[0]
        }
    }

    private func size(_ part: BlockPart) -> (outputs: Int, inputs: Int) {
        configuration.size(of: part, width: width)
    }

    // MARK: Experts

    private func experts(_ own: ExpertsConfiguration) throws -> Experts {
        let activation = configuration.feedForward.activation
        let (up, down) = (try layers(.expertUp, own.count), try layers(.expertDown, own.count))
        let gate = configuration.feedForward.isGated ? try layers(.expertGate, own.count) : nil
        let networks = own.indices.map { index in
            gate.map {
                FeedForward(gate: $0[index], up: up[index], contract: down[index], activation: activation)
            } ?? FeedForward(expand: up[index], contract: down[index], activation: activation)
        }
        return try Experts(
            router: linears([.router])[0], networks: networks, perToken: own.perToken,
            normalizesWeights: own.normalizesWeights)
    }

    /// One layer of every expert.
    private func layers(_ part: BlockPart, _ count: Int) throws -> [Linear] {
        let name = try names.name(of: part)
        let size = size(part)
        if let names = NumberedName(name) {
            return try (0..<count).map { expert in
                try source.linears(
                    names[expert], inputs: size.inputs, outputs: [size.outputs], hasBias: false)[0]
            }
        }
        guard let stack = try source.storedTensor(named: "\(name).weight") else {
            throw TensorError.missingTensor(name: source.fullName(of: "\(name).weight"), source: source.label)
        }
        guard stack.shape == [count, size.outputs, size.inputs] else {
            throw TensorError.shapeMismatch(
                tensor: "tensor '\(stack.name)' of \(source.label)",
                expected: "[\(count), \(size.outputs), \(size.inputs)]", found: stack.shape)
        }
        return try (0..<count).map { try Linear(weight: stack.matrix($0)) }
    }
}

extension ExpertsConfiguration {
    fileprivate var indices: Range<Int> { 0..<count }
}

/// A name with the number of an expert in the place of `*`.
struct NumberedName {
    private let before: Substring
    private let after: Substring

    init?(_ pattern: String) {
        guard let star = pattern.unicodeScalars.firstIndex(of: "*") else { return nil }
        before = pattern[..<star]
        after = pattern[pattern.unicodeScalars.index(after: star)...]
    }

    subscript(number: Int) -> String { "\(before)\(number)\(after)" }
}
