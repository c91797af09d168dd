import Attention
import AttentionTensors

extension GGUFFormWriter {
    private mutating func add(_ name: String, _ shape: Shape, from: String, _ change: GGUFForm.Change = .none)
    {
        tensors.append(GGUFForm.Tensor(name: name, shape: shape, source: from, change: change))
    }

    mutating func writeTensors() throws {
        let c = configuration
        add("\(to.tokens).weight", [c.vocabulary, c.width], from: "\(prefix)\(from.tokens).weight")
        if c.positions == .learned, let old = from.positions, let new = to.positions {
            add("\(new).weight", [c.longestSequence, c.width], from: "\(prefix)\(old).weight")
        }
        norm(to.norm, from: "\(prefix)\(from.norm)")
        if !(c.isHeadTied ?? !source.contains("\(from.head).weight")) {
            add("\(to.head).weight", [c.vocabulary, c.width], from: "\(from.head).weight")
        }
        try divisors()
        for layer in 0..<c.layers { try self.layer(layer) }
    }

    /// Llama 3's scaling and LongRoPE's, which the files hold as what they divide the frequencies by.
    private mutating func divisors() throws {
        guard case .rotary(let rotary) = configuration.positions else { return }
        func addDivisors(_ name: String?, _ values: [Float]) {
            guard let name else { return }
            tensors.append(
                GGUFForm.Tensor(name: name, shape: [values.count], source: nil, change: .divisors(values)))
        }
        switch rotary.scaling {
        case .llama3:
            let plain = try RotaryEmbedding(width: rotary.width, base: rotary.base, pairing: rotary.pairing)
            addDivisors(to.rotaryDivisors, zip(plain.frequencies, rotary.frequencies).map { Float($0 / $1) })
        case .divisors(let divisors, _): addDivisors(to.rotaryDivisors, divisors)
        case .longRope(let short, let long, _, _):
            addDivisors(to.longRopeDivisors?.long, long)
            addDivisors(to.longRopeDivisors?.short, short)
        default: break
        }
    }

    private mutating func layer(_ index: Int) throws {
        let (old, new) = ("\(prefix)\(from.layers).\(index).", "\(to.layers).\(index).")
        // A configuration may claim any number of layers.
        guard source.contains("\(old)\(from.attentionNorm).weight") else {
            throw TensorError.missingTensor(name: "\(old)\(from.attentionNorm).weight", source: source.label)
        }
        let c = configuration
        norm(new + to.attentionNorm, from: old + from.attentionNorm)
        let widths = [c.heads, c.keyValueHeads, c.keyValueHeads].map { $0 * c.headWidth }
        switch (from.queryKeyValue, to.queryKeyValue) {
        case (.separate(let q, let k, let v), .separate(let newQ, let newK, let newV)):
            try turned(new + newQ, from: old + q, outputs: widths[0])
            try turned(new + newK, from: old + k, outputs: widths[1])
            linear(new + newV, from: old + v, outputs: widths[2], inputs: c.width)
        case (.joined(let all), .joined(let newAll)):
            linear(new + newAll, from: old + all, outputs: widths.reduce(0, +), inputs: c.width)
        default: preconditionFailure("\(gguf.name): queries are joined in one form and not in the other")
        }
        linear(
            new + to.attentionOutput, from: old + from.attentionOutput, outputs: c.width, inputs: widths[0])
        if c.normalizesHeads {
            for (name, oldName) in [(to.queryNorm, from.queryNorm), (to.keyNorm, from.keyNorm)] {
                if let name, let oldName {
                    add("\(new)\(name).weight", [c.headWidth], from: "\(old)\(oldName).weight")
                }
            }
        }
        if c.normalizesOutputs {
            if let a = to.attentionOutputNorm, let b = from.attentionOutputNorm {
                norm(new + a, from: old + b)
            }
            if let a = to.feedForwardOutputNorm, let b = from.feedForwardOutputNorm {
                norm(new + a, from: old + b)
            }
        }
        norm(new + to.feedForwardNorm, from: old + from.feedForwardNorm)
        feedForward(new, old)
    }

    private mutating func feedForward(_ new: String, _ old: String) {
        let (width, inner) = (configuration.width, configuration.feedForwardWidth)
        switch (from.expand, to.expand) {
        case (.plain(let a), .plain(let b)): linear(new + b, from: old + a, outputs: inner, inputs: width)
        case (.joined(let a), .joined(let b)):
            linear(new + b, from: old + a, outputs: 2 * inner, inputs: width)
        case (.gated(let gate, let up), .gated(let newGate, let newUp)):
            linear(new + newGate, from: old + gate, outputs: inner, inputs: width)
            linear(new + newUp, from: old + up, outputs: inner, inputs: width)
        default: preconditionFailure("\(gguf.name): the gate is joined in one form and not in the other")
        }
        linear(new + to.contract, from: old + from.contract, outputs: width, inputs: inner)
    }

    private mutating func norm(_ name: String, from old: String) {
        var change = GGUFForm.Change.none
        if case .rms(_, gainIsOffset: true) = configuration.norm { change = .plusOne }
        add("\(name).weight", [configuration.width], from: "\(old).weight", change)
        if case .layer = configuration.norm {
            add("\(name).bias", [configuration.width], from: "\(old).bias")
        }
    }

    private mutating func linear(
        _ name: String, from old: String, outputs: Int, inputs: Int, _ change: GGUFForm.Change = .none
    ) {
        let shape: Shape = [outputs, inputs]
        add("\(name).weight", shape, from: "\(old).weight", from.isTransposed ? .transposed : change)
        if source.contains("\(old).bias") { add("\(name).bias", [outputs], from: "\(old).bias", change) }
    }

    /// Queries or keys, in the order in which the file's architecture turns them.
    private mutating func turned(_ name: String, from old: String, outputs: Int) throws {
        var change = GGUFForm.Change.none
        if case .rotary(let rotary) = configuration.positions, rotary.pairing != gguf.pairing {
            guard rotary.pairing == .halves, rotary.width == configuration.headWidth, !from.isTransposed
            else {
                throw ModelConfigurationError.unsupported(
                    field: "partial_rotary_factor",
                    value: "\(rotary.width) of \(configuration.headWidth) channels",
                    supported: "all channels of a head in GGUF files of this architecture")
            }
            change = .interleaved(headWidth: rotary.width)
        }
        linear(name, from: old, outputs: outputs, inputs: configuration.width, change)
    }
}
