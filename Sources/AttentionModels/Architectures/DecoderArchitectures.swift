import Attention
import AttentionTensors

/// One published family of decoders: its configuration in both forms in which it is published, and what that
/// means here.
protocol DecoderArchitecture: Decodable {
    /// The values of `model_type` in `config.json` that it answers to.
    static var modelTypes: [String] { get }
    /// The values of `general.architecture` in GGUF files.
    static var ggufNames: [String] { get }
    func decoder() throws -> DecoderTransformer.Configuration
    var tensorNames: DecoderTransformer.TensorNames { get }
    static func decoder(gguf fields: GGUFFields) throws -> DecoderTransformer.Configuration
    static var ggufTensorNames: DecoderTransformer.TensorNames { get }
    /// The channels that turn together in GGUF files.
    static var ggufPairing: RotaryEmbedding.Pairing { get }
}

extension DecoderArchitecture {
    var tensorNames: DecoderTransformer.TensorNames { .llama }
    static var ggufTensorNames: DecoderTransformer.TensorNames { .gguf }
    static var ggufPairing: RotaryEmbedding.Pairing { .halves }
    fileprivate static var gguf: DecoderTransformer.Description.GGUFIdentity {
        // What has no name of its own is stored as Llama.
        .init(
            name: ggufNames.first ?? LlamaConfiguration.ggufNames[0], names: ggufTensorNames,
            pairing: ggufPairing)
    }
}

extension DecoderTransformer {
    /// A new architecture is one file in this folder, and its line here.
    private static var architectures: [any DecoderArchitecture.Type] {
        [
            GPT2Configuration.self, LlamaConfiguration.self, MistralConfiguration.self,
            Qwen2Configuration.self, Qwen3Configuration.self, Gemma2Configuration.self,
            Phi3Configuration.self,
        ]
    }

    /// The decoder of a published model, with the weights of `source`.
    ///
    /// - Throws: ``ModelConfigurationError`` for what is not implemented; `TensorError` for a missing or
    ///   misshapen tensor; what `source` throws.
    public init(_ description: Description, from source: any WeightSource) throws {
        try self.init(description.configuration, names: description.names, from: source)
    }

    /// The description of a published model, decoded and checked.
    public struct Description: Decodable, Sendable {
        /// What the model's files say of it.
        public let configuration: Configuration
        let names: TensorNames
        /// The form of the architecture in GGUF files.
        let gguf: GGUFIdentity

        struct GGUFIdentity: Sendable {
            let name: String
            let names: TensorNames
            let pairing: RotaryEmbedding.Pairing
        }

        /// The values of `model_type` in `config.json` that are implemented.
        public static var modelTypes: [String] { architectures.flatMap { $0.modelTypes } }

        private enum CodingKeys: String, CodingKey {
            case modelType = "model_type"
            case quantizationConfig = "quantization_config"
        }

        /// Reads a `config.json`.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type = try fields.decode(String.self, forKey: .modelType)
            guard let architecture = architectures.first(where: { $0.modelTypes.contains(type) }) else {
                throw ModelConfigurationError.unknownArchitecture(type, known: Self.modelTypes)
            }
            if fields.contains(.quantizationConfig), try !fields.decodeNil(forKey: .quantizationConfig) {
                throw ModelConfigurationError.unsupported(
                    field: "quantization_config", value: "present",
                    supported: "weights in float32, float16 or bfloat16, or a GGUF file")
            }
            let values = try architecture.init(from: decoder)
            (configuration, names, gguf) = (try values.decoder(), values.tensorNames, architecture.gguf)
            try configuration.check()
        }

        /// Reads a GGUF file's metadata.
        ///
        /// - Throws: ``ModelConfigurationError``; what `metadata` throws.
        public init(metadata: any ModelMetadata) throws {
            guard let name = try metadata.string("general.architecture") else {
                throw ModelConfigurationError.unsupported(
                    field: "general.architecture", value: "absent", supported: "an architecture's name")
            }
            guard let architecture = architectures.first(where: { $0.ggufNames.contains(name) }) else {
                throw ModelConfigurationError.unknownArchitecture(
                    name, known: architectures.flatMap { $0.ggufNames })
            }
            let fields = GGUFFields(metadata: metadata, architecture: name)
            configuration = try architecture.decoder(gguf: fields)
            (names, gguf) = (architecture.ggufTensorNames, architecture.gguf)
            try configuration.check()
        }
    }
}

extension DecoderTransformer.Configuration {
    fileprivate func check() throws(ModelConfigurationError) {
        for (number, what) in [
            (width, "the hidden width"), (layers, "the number of layers"), (heads, "the number of heads"),
            (keyValueHeads, "the number of key/value heads"), (headWidth, "the width of a head"),
            (feedForwardWidth, "the feed-forward width"), (vocabulary, "the vocabulary's size"),
            (longestSequence, "the greatest number of positions"), (window ?? 1, "sliding_window"),
        ] {
            try ConfigurationCheck.positive(number, what)
            // Products of two of them then fit in an Int.
            guard number <= Int(Int32.max) else {
                throw .unsupported(field: what, value: "\(number)", supported: "less than 2^31")
            }
        }
        guard heads % keyValueHeads == 0 else {
            throw .unsupported(
                field: "the number of key/value heads", value: "\(keyValueHeads)",
                supported: "a divisor of the number of heads, \(heads)")
        }
        if case .rotary(let rotary) = positions, rotary.width > headWidth {
            throw .unsupported(
                field: "the number of rotary channels", value: "\(rotary.width)",
                supported: "at most a head's \(headWidth)")
        }
        guard (0...1).contains(norm.epsilon) else {
            throw .unsupported(field: "the norms' epsilon", value: "\(norm.epsilon)", supported: "0 to 1")
        }
        for (cap, what) in [(scoreSoftcap, "the scores' softcap"), (logitSoftcap, "the logits' softcap")] {
            if let cap, !(cap > 0 && cap.isFinite) {
                throw .unsupported(field: what, value: "\(cap)", supported: "a positive number")
            }
        }
        if let scale = scoreScale, !scale.isFinite {
            throw .unsupported(field: "the scores' scale", value: "\(scale)", supported: "a number")
        }
    }
}

extension DecoderTransformer.Configuration.WindowedLayers {
    /// Reads `layer_types`.
    init(layerTypes: [String], layers: Int) throws(ModelConfigurationError) {
        guard layerTypes.count == layers else {
            throw .unsupported(
                field: "layer_types", value: "\(layerTypes.count) entries",
                supported: "one for each of \(layers) layers")
        }
        if let type = layerTypes.first(where: { $0 != "full_attention" && $0 != "sliding_attention" }) {
            throw .unsupported(
                field: "layer_types", value: "'\(type)'", supported: "full_attention, sliding_attention")
        }
        self = .these(Set(layerTypes.indices.filter { layerTypes[$0] == "sliding_attention" }))
    }
}
