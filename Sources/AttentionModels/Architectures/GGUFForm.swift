import Attention
import AttentionTensors

/// A decoder as a GGUF file holds it: what the metadata say, and which tensors there are under which names, made of a
/// checkpoint's. The reverse of `Description(metadata:)`.
public struct GGUFForm: Sendable {
    /// A value of the metadata.
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    /// A tensor of the file.
    public struct Tensor: Hashable, Sendable {
        /// The file's name.
        public let name: String
        public let shape: Shape
        /// The checkpoint's name; nil: the divisors of the rotary frequencies, which are computed.
        public let source: String?
        let change: Change
    }

    /// What becomes of a checkpoint's tensor.
    enum Change: Hashable, Sendable {
        case none
        case transposed
        /// Rows whose halves turn together are interleaved, head by head, so that neighbours do.
        case interleaved(headWidth: Int)
        /// 1 + gain, where the checkpoint has the gain.
        case plusOne
        case divisors([Float])
    }

    /// `general.architecture`
    public let architecture: String
    /// In the order in which it is written. Without the tokenizer's.
    public let metadata: [(key: String, value: Value)]
    /// In the order in which they are written.
    public let tensors: [Tensor]

    /// A tensor's numbers.
    ///
    /// - Throws: `TensorError` if it is not there or of another shape; what `source` throws.
    public func numbers(of tensor: Tensor, from source: any WeightSource) throws -> AttentionTensors.Tensor {
        if case .divisors(let divisors) = tensor.change { return try .init(divisors, shape: tensor.shape) }
        guard let name = tensor.source else {
            throw TensorError.missingTensor(name: tensor.name, source: source.label)
        }
        let shape = tensor.change == .transposed ? Shape(tensor.shape.reversed()) : tensor.shape
        let numbers = try source.tensor(name, shape: shape)
        switch tensor.change {
        case .none, .divisors: return numbers
        case .transposed: return numbers.transposed(0, 1).contiguous()
        case .plusOne: return try numbers + .init(repeating: 1, shape: shape)
        case .interleaved(let headWidth):
            let rest = Array(shape.dropFirst())
            return try numbers.reshaped(to: Shape([shape[0] / headWidth, 2, headWidth / 2] + rest))
                .transposed(1, 2).contiguous().reshaped(to: shape)
        }
    }
}

extension DecoderTransformer.Description {
    /// This model as a GGUF file holds it.
    ///
    /// - Parameter source: The checkpoint: which optional tensors it has is looked up.
    /// - Throws: ``ModelConfigurationError`` for what GGUF files cannot say.
    public func ggufForm(of source: any WeightSource) throws -> GGUFForm {
        var writer = GGUFFormWriter(self, source: source)
        try writer.writeMetadata()
        try writer.writeTensors()
        let form = GGUFForm(architecture: gguf.name, metadata: writer.metadata, tensors: writer.tensors)
        try configuration.checkMeaning(of: form)
        return form
    }
}

extension DecoderTransformer.Configuration {
    /// Whoever reads the form must find this very model: what a file has no key for is refused.
    fileprivate func checkMeaning(of form: GGUFForm) throws {
        let read = try DecoderTransformer.Description(metadata: FormMetadata(form)).configuration
        func scale(_ configuration: Self) -> Float {
            configuration.scoreScale ?? 1 / Float(configuration.headWidth).squareRoot()
        }
        func windows(_ configuration: Self) -> [Int?] {
            (0..<min(configuration.layers, 4096)).map(configuration.window(ofLayer:))
        }
        func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }
        var differences: [(String, String, String)] = []
        func check(_ field: String, _ isSame: Bool, _ own: Any, _ other: Any) {
            if !isSame { differences.append((field, "\(own)", "\(other)")) }
        }
        check(
            "the scores' scale", isClose(Double(scale(read)), Double(scale(self))), scale(self), scale(read))
        check("the windows", windows(read) == windows(self), window ?? 0, read.window ?? 0)
        check("the activation", read.activation == activation, activation, read.activation)
        check(
            "the token vectors' factor", read.embeddingScale == embeddingScale, embeddingScale,
            read.embeddingScale)
        check("the gate", read.isGated == isGated, isGated, read.isGated)
        check(
            "norms of heads", read.normalizesHeads == normalizesHeads, normalizesHeads, read.normalizesHeads)
        check(
            "norms of outputs", read.normalizesOutputs == normalizesOutputs, normalizesOutputs,
            read.normalizesOutputs)
        if case .rotary(let own) = positions, case .rotary(let other) = read.positions {
            let isStoredApart: Bool
            switch own.scaling {
            case .llama3, .divisors: isStoredApart = true
            default: isStoredApart = false
            }
            let isSame = zip(own.frequencies, other.frequencies).allSatisfy(isClose)
            check("rotary positions", isStoredApart || isSame, own.scaling, other.scaling)
            check("rotary channels", own.width == other.width, own.width, other.width)
            check("rotary magnitude", isClose(other.magnitude, own.magnitude), own.magnitude, other.magnitude)
        }
        guard let (field, own, other) = differences.first else { return }
        throw ModelConfigurationError.unsupported(
            field: field, value: own, supported: "\(other) in GGUF files of this architecture")
    }
}

/// A form's metadata, as a file would answer.
private struct FormMetadata: ModelMetadata {
    let label = "GGUF"
    private let values: [String: GGUFForm.Value]

    init(_ form: GGUFForm) {
        values = Dictionary(form.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func string(_ key: String) -> String? { if case .text(let text) = values[key] { text } else { nil } }
    func integer(_ key: String) -> Int? { if case .integer(let number) = values[key] { number } else { nil } }
    func double(_ key: String) -> Double? {
        // As it comes back from a float32.
        if case .number(let number) = values[key] { Double(Float(number)) } else { nil }
    }
    func bool(_ key: String) -> Bool? { nil }
    func count(_ key: String) -> Int? { nil }
}

/// Walks through a decoder's parts, under both names of each.
private struct GGUFFormWriter {
    private let configuration: DecoderTransformer.Configuration
    private let from: DecoderTransformer.TensorNames
    private let to: DecoderTransformer.TensorNames
    private let gguf: DecoderTransformer.Description.GGUFIdentity
    private let source: any WeightSource
    /// The prefix of the checkpoint's names, if it has one.
    private let prefix: String
    var metadata: [(key: String, value: GGUFForm.Value)] = []
    var tensors: [GGUFForm.Tensor] = []

    init(_ description: DecoderTransformer.Description, source: any WeightSource) {
        configuration = description.configuration
        (from, gguf, self.source) = (description.names, description.gguf, source)
        to = gguf.names
        let names = description.names
        let isPrefixed = names.prefix.map { source.contains("\($0).\(names.tokens).weight") } ?? false
        prefix = isPrefixed ? "\(names.prefix ?? "")." : ""
    }

    // MARK: Metadata

    private mutating func set(_ key: String, _ value: Int?) {
        if let value { metadata.append((key: "\(gguf.name).\(key)", value: .integer(value))) }
    }

    private mutating func set(_ key: String, _ value: Double?) {
        if let value { metadata.append((key: "\(gguf.name).\(key)", value: .number(value))) }
    }

    mutating func writeMetadata() throws {
        let c = configuration
        metadata.append((key: "general.architecture", value: .text(gguf.name)))
        set("block_count", c.layers)
        set("context_length", c.longestSequence)
        set("embedding_length", c.width)
        set("feed_forward_length", c.feedForwardWidth)
        set("attention.head_count", c.heads)
        set("attention.head_count_kv", c.keyValueHeads)
        set("attention.key_length", c.headWidth)
        set("attention.value_length", c.headWidth)
        set("vocab_size", c.vocabulary)
        switch c.norm {
        case .layer(let epsilon): set("attention.layer_norm_epsilon", Double(epsilon))
        case .rms(let epsilon, _): set("attention.layer_norm_rms_epsilon", Double(epsilon))
        }
        set("attention.sliding_window", c.window)
        set("attn_logit_softcapping", c.scoreSoftcap.map(Double.init))
        set("final_logit_softcapping", c.logitSoftcap.map(Double.init))
        if case .rotary(let rotary) = c.positions { try writeRotary(rotary) }
    }

    private mutating func writeRotary(_ rotary: RotaryEmbedding) throws {
        set("rope.dimension_count", rotary.width)
        set("rope.freq_base", rotary.base)
        switch rotary.scaling {
        case .none, .llama3, .divisors(_, magnitude: 1): break
        case .linear(let factor):
            metadata.append((key: "\(gguf.name).rope.scaling.type", value: .text("linear")))
            set("rope.scaling.factor", factor)
        case .yarn(let factor, let original, let fast, let slow, let magnitude, _):
            metadata.append((key: "\(gguf.name).rope.scaling.type", value: .text("yarn")))
            set("rope.scaling.factor", factor)
            set("rope.scaling.original_context_length", original)
            set("rope.scaling.yarn_beta_fast", fast)
            set("rope.scaling.yarn_beta_slow", slow)
            let usual = 0.1 * Double.log(max(factor, 1)) + 1
            if let magnitude, magnitude != usual { set("rope.scaling.attn_factor", magnitude / usual) }
        case .divisors:
            throw ModelConfigurationError.unsupported(
                field: "rope_scaling", value: "divisors with a factor of the magnitude",
                supported: "what a GGUF file can say")
        }
    }

    // MARK: Tensors

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

    /// Llama 3's scaling, which the files hold as what it divides the frequencies by.
    private mutating func divisors() throws {
        guard case .rotary(let rotary) = configuration.positions else { return }
        let values: [Float]
        switch rotary.scaling {
        case .llama3:
            let plain = try RotaryEmbedding(width: rotary.width, base: rotary.base, pairing: rotary.pairing)
            values = zip(plain.frequencies, rotary.frequencies).map { Float($0 / $1) }
        case .divisors(let divisors, _): values = divisors
        default: return
        }
        guard let name = to.rotaryDivisors else { return }
        tensors.append(
            GGUFForm.Tensor(name: name, shape: [values.count], source: nil, change: .divisors(values)))
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
