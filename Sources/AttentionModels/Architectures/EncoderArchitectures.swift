import AttentionTensors

/// One published family of encoders: its configuration file, and what that means here.
protocol EncoderArchitecture: Decodable {
    /// The values of `model_type` that it answers to.
    static var modelTypes: [String] { get }
    func encoder() throws(ModelConfigurationError) -> EncoderTransformer.Configuration
    var tensorNames: EncoderTransformer.TensorNames { get }
}

extension EncoderTransformer {
    /// A new architecture is one file in this folder, and its line here.
    private static var architectures: [any EncoderArchitecture.Type] {
        [BERTConfiguration.self, DistilBERTConfiguration.self]
    }

    /// The encoder that a published `config.json` describes, with the weights of `source`.
    ///
    /// - Throws: ``ModelConfigurationError`` for what is not implemented; `TensorError` for a missing or
    ///   misshapen tensor; what `source` throws.
    public init(_ description: Description, from source: any WeightSource) throws {
        try self.init(description.configuration, names: description.names, from: source)
    }

    /// A published encoder's `config.json`, decoded and checked: `JSONDecoder().decode(Description.self, …)`.
    public struct Description: Decodable, Sendable {
        /// What the model's files say of it.
        public let configuration: Configuration
        let names: TensorNames

        /// The values of `model_type` in `config.json` that are implemented.
        public static var modelTypes: [String] { architectures.flatMap { $0.modelTypes } }

        private enum CodingKeys: String, CodingKey {
            case modelType = "model_type"
        }

        public init(from decoder: any Decoder) throws {
            let type = try decoder.container(keyedBy: CodingKeys.self).decode(
                String.self, forKey: .modelType)
            guard let architecture = architectures.first(where: { $0.modelTypes.contains(type) }) else {
                throw ModelConfigurationError.unknownArchitecture(type, known: Self.modelTypes)
            }
            (configuration, names) = try Self.read(architecture, from: decoder)
            try Self.check(configuration)
        }

        /// The values of `general.architecture` in GGUF files that are implemented.
        public static var ggufNames: [String] { GGUFEncoder.allCases.map(\.rawValue) }

        /// Reads a GGUF file's metadata.
        ///
        /// - Throws: ``ModelConfigurationError``; what `metadata` throws.
        public init(metadata: any ModelMetadata) throws {
            guard let name = try metadata.string("general.architecture") else {
                throw ModelConfigurationError.unsupported(
                    field: "general.architecture", value: "absent", supported: "an architecture's name")
            }
            guard let encoder = GGUFEncoder(rawValue: name) else {
                throw ModelConfigurationError.unknownArchitecture(name, known: Self.ggufNames)
            }
            configuration = try encoder.configuration(GGUFFields(metadata: metadata, architecture: name))
            names = .gguf
            try Self.check(configuration)
        }

        private static func read<Architecture: EncoderArchitecture>(
            _ architecture: Architecture.Type, from decoder: any Decoder
        ) throws -> (Configuration, TensorNames) {
            let values = try Architecture(from: decoder)
            return (try values.encoder(), values.tensorNames)
        }

        private static func check(_ configuration: Configuration) throws(ModelConfigurationError) {
            try ConfigurationCheck.positive(configuration.width, "the hidden width")
            try ConfigurationCheck.positive(configuration.layers, "the number of layers")
            try ConfigurationCheck.positive(configuration.heads, "the number of heads")
            try ConfigurationCheck.positive(configuration.feedForwardWidth, "the feed-forward width")
            try ConfigurationCheck.positive(configuration.vocabulary, "vocab_size")
            try ConfigurationCheck.positive(configuration.positions, "max_position_embeddings")
            try ConfigurationCheck.divides(configuration.heads, configuration.width, "the number of heads")
            if configuration.segments != 0 {
                try ConfigurationCheck.positive(configuration.segments, "type_vocab_size")
            }
            guard (0...1).contains(configuration.normEpsilon) else {
                throw .unsupported(
                    field: "layer_norm_eps", value: "\(configuration.normEpsilon)", supported: "0 to 1")
            }
            if case .after(let padding) = configuration.numbering,
                padding < 0 || padding >= configuration.positions
            {
                throw .unsupported(
                    field: "pad_token_id", value: "\(padding)", supported: "a position of the table")
            }
        }
    }
}
