import AttentionModels
import AttentionTensors
import Foundation
import Testing

/// `config.json`: unsupported settings are refused by name, and every number is checked.
@Suite struct ConfigurationTests {
    static let bert: [String: String] = [
        "model_type": "\"bert\"", "hidden_size": "24", "num_hidden_layers": "2", "num_attention_heads": "4",
        "intermediate_size": "40", "vocab_size": "100", "max_position_embeddings": "40",
    ]
    static let distilbert: [String: String] = [
        "model_type": "\"distilbert\"", "dim": "24", "n_layers": "2", "n_heads": "4", "hidden_dim": "40",
        "vocab_size": "100", "max_position_embeddings": "40",
    ]

    func decode(_ fields: [String: String]) throws -> ModelDescription {
        let text = "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
        return try JSONDecoder().decode(ModelDescription.self, from: Data(text.utf8))
    }

    func decode(_ base: [String: String], _ field: String, _ value: String?) throws -> ModelDescription {
        var fields = base
        fields[field] = value
        return try decode(fields)
    }

    @Test func defaults() throws {
        let configuration = try decode(Self.bert).configuration
        #expect(configuration.width == 24 && configuration.blocks.count == 2)
        #expect(configuration.blocks[1].attention.heads == 4)
        #expect(configuration.blocks[1].feedForward.width == 40 && configuration.vocabulary == 100)
        #expect(configuration.blocks[0].feedForward.activation == .gelu)
        #expect(configuration.blocks[0].norm == .layer(epsilon: 1e-12))
        #expect(configuration.input.segments == 2)
        #expect(configuration.longestSequence == 40)
        let roberta = try decode(Self.bert, "model_type", "\"xlm-roberta\"").configuration
        #expect(roberta.input.positions?.numbering == .after(padding: 1))
        #expect(roberta.longestSequence == 38)
        #expect(try decode(Self.distilbert).configuration.input.segments == 0)
    }

    @Test(arguments: ["gpt3", "", "BERT", "\u{212A}", "bert ", "deberta-v2"])
    func unknownArchitectures(_ name: String) {
        let error = #expect(throws: ModelConfigurationError.self) {
            try decode(Self.bert, "model_type", "\"\(name)\"")
        }
        #expect(error == .unknownArchitecture(name, known: ModelRegistry.modelTypes))
        #expect(error?.description.contains("'\(name)'") == true)
        #expect(error?.description.contains("roberta") == true)
    }

    @Test(arguments: [
        ("gelu", Activation.gelu), ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh), ("relu", .relu),
        ("silu", .silu), ("swish", .silu), ("tanh", .tanh),
    ])
    func activations(_ name: String, _ activation: Activation) throws {
        #expect(
            try decode(Self.bert, "hidden_act", "\"\(name)\"").configuration.blocks[0].feedForward.activation
                == activation)
        #expect(
            try decode(Self.distilbert, "activation", "\"\(name)\"").configuration.blocks[0].feedForward
                .activation == activation)
    }

    @Test(arguments: [
        ("hidden_act", "\"mish\""), ("hidden_act", "\"GELU\""),
        ("position_embedding_type", "\"relative_key\""),
        ("position_embedding_type", "\"relative_key_query\""),
        ("is_decoder", "true"), ("add_cross_attention", "true"),
    ])
    func unsupportedValues(_ field: String, _ value: String) {
        let error = #expect(throws: ModelConfigurationError.self) { try decode(Self.bert, field, value) }
        #expect(error?.description.contains(field) == true)
        #expect(error?.description.contains(value.filter { $0 != "\"" }) == true)
        #expect(error?.description.contains("supported: ") == true)
    }

    @Test func harmlessValues() throws {
        _ = try decode(Self.bert, "position_embedding_type", "\"absolute\"")
        _ = try decode(Self.bert, "is_decoder", "false")
        _ = try decode(Self.bert, "pad_token_id", "null")
        _ = try decode(Self.bert, "an_unknown_field", "[1, {\"x\": 2}]")
    }

    static let counts = [
        "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
        "max_position_embeddings",
    ]

    @Test(arguments: counts, ["0", "-1", "-9223372036854775808", "2147483648", "9223372036854775807"])
    func countsOutOfRange(_ field: String, _ value: String) {
        let error = #expect(throws: ModelConfigurationError.self) { try decode(Self.bert, field, value) }
        #expect(error?.description.contains(value) == true)
    }

    @Test(
        arguments: counts + ["model_type"],
        ["1.5", "\"24\"", "null", "1e400", "9223372036854775808", "[]", "{}", nil])
    func notANumber(_ field: String, _ value: String?) {
        #expect(throws: (any Error).self) {
            try decode(Self.bert, field, field == "model_type" && value == "\"24\"" ? "24" : value)
        }
    }

    @Test func headsMustDivideTheWidth() {
        let error = #expect(throws: ModelConfigurationError.self) {
            try decode(Self.bert, "num_attention_heads", "5")
        }
        #expect(
            error?.description
                == "the number of heads is 5; supported: a divisor of the width, 24")
    }

    @Test(arguments: ["-1", "40", "41", "9223372036854775807", "-9223372036854775808"])
    func paddingOutsideTheTable(_ value: String) {
        var roberta = Self.bert
        roberta["model_type"] = "\"roberta\""
        let error = #expect(throws: ModelConfigurationError.self) {
            try decode(roberta, "pad_token_id", value)
        }
        #expect(error?.description.contains("pad_token_id is \(value)") == true)
    }

    @Test(arguments: ["-1", "2147483648", "-9223372036854775808", "9223372036854775807"])
    func segmentsOutOfRange(_ value: String) {
        let error = #expect(throws: ModelConfigurationError.self) {
            try decode(Self.bert, "type_vocab_size", value)
        }
        #expect(error?.description.contains("type_vocab_size is \(value)") == true)
    }

    @Test(arguments: ["-1", "-1e-12", "3.4e38"])
    func epsilonsOutOfRange(_ value: String) {
        let error = #expect(throws: ModelConfigurationError.self) {
            try decode(Self.bert, "layer_norm_eps", value)
        }
        #expect(error?.description.contains("layer_norm_eps") == true)
    }

    /// A model of two thousand million layers is refused for its first missing tensor, before memory is asked
    /// for.
    @Test(arguments: counts)
    func theLargestCountsAllocateNothing(_ field: String) throws {
        var fields = Self.bert
        fields[field] = "2147483647"
        if field == "hidden_size" { fields["num_attention_heads"] = "1" }
        guard field != "num_attention_heads" else { return }
        guard field != "num_hidden_layers" else {
            #expect(throws: ModelConfigurationError.self) { try decode(fields) }
            return
        }
        let description = try decode(fields)
        let zeros = InMemoryWeights([
            "embeddings.word_embeddings.weight": .zeros([100, 24]),
            "embeddings.position_embeddings.weight": .zeros([40, 24]),
            "embeddings.token_type_embeddings.weight": .zeros([2, 24]),
            "embeddings.LayerNorm.weight": .zeros([24]), "embeddings.LayerNorm.bias": .zeros([24]),
        ])
        #expect(throws: TensorError.self) { try EncoderTransformer(description, from: zeros) }
    }

    @Test func noSegmentsIsNoTable() throws {
        let description = try decode(Self.bert, "type_vocab_size", "0")
        #expect(description.configuration.input.segments == 0)
    }
}
