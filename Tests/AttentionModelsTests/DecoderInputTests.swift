import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Invalid configurations and calls: each is refused, with the reason.
@Suite struct DecoderInputTests {
    private var llama: [String: Any] {
        [
            "model_type": "llama", "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "intermediate_size": 40, "vocab_size": 64,
            "max_position_embeddings": 64,
        ]
    }

    private func description(_ changes: [String: Any]) throws -> ModelDescription {
        let fields = llama.merging(changes) { $1 }
        return try JSONDecoder().decode(
            ModelDescription.self, from: JSONSerialization.data(withJSONObject: fields))
    }

    @Test(arguments: [
        ("model_type", "mamba"), ("hidden_act", "xielu"), ("hidden_size", "0"), ("num_hidden_layers", "-1"),
        ("num_attention_heads", "0"), ("num_key_value_heads", "3"), ("vocab_size", "0"),
        ("intermediate_size", "9223372036854775807"), ("head_dim", "0"), ("head_dim", "7"),
        ("max_position_embeddings", "0"), ("rms_norm_eps", "-1"), ("quantization_config", "{\"bits\":4}"),
        ("rope_theta", "0"), ("partial_rotary_factor", "2"),
        ("rope_scaling", "{\"type\":\"dynamic\"}"), ("rope_scaling", "{\"type\":\"dynamic\",\"factor\":0}"),
        ("rope_scaling", "{\"type\":\"ntk\",\"factor\":2}"), ("rope_scaling", "{\"type\":\"longrope\"}"),
        (
            "rope_parameters",
            "{\"rope_type\":\"longrope\",\"short_factor\":[1,1,1],\"long_factor\":[1,1,1]}"
        ),
        (
            "rope_parameters",
            "{\"rope_type\":\"longrope\",\"short_factor\":[1,1,1],\"long_factor\":[1,1],\"original_max_position_embeddings\":8}"
        ),
        (
            "rope_parameters",
            "{\"rope_type\":\"longrope\",\"short_factor\":[1,1,1],\"long_factor\":[1,0,1],\"original_max_position_embeddings\":8}"
        ),
        (
            "rope_parameters",
            "{\"rope_type\":\"longrope\",\"short_factor\":[1,1,1],\"long_factor\":[1,1,1],\"original_max_position_embeddings\":1}"
        ),
        ("rope_scaling", "{\"type\":\"linear\"}"),
        ("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8}"),
        ("rope_parameters", "{\"rope_type\":\"yarn\",\"factor\":-1,\"rope_theta\":10000}"),
        ("rope_parameters", "{\"full_attention\":{},\"sliding_attention\":{}}"),
    ])
    func refusedConfigurations(_ field: String, _ value: String) throws {
        let json =
            (try? JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)) ?? value
        do {
            _ = try description([field: json])
            Issue.record("\(field) = \(value) was accepted")
        } catch let error as ModelConfigurationError {
            #expect(!error.description.isEmpty)
        } catch let error as TensorError {
            #expect(!error.description.isEmpty)
        }
    }

    @Test func zeroRotaryChannels() throws {
        #expect(throws: (any Error).self) { try description(["partial_rotary_factor": 0.1]) }
    }

    @Test func refusedCalls() throws {
        let model = try DecoderFixture("llama").model
        let pages = try model.makePages()
        var caches = try (0..<2).map { _ in try model.makeCache(capacity: 8, pages: pages) }
        for runs in [[[1]], [[1], []], [[1], [64]], [[1], [-1]], []] {
            #expect(throws: TensorError.self) { try model(runs, caches: &caches) }
        }
        #expect(throws: TensorError.self) { try model([[1], [1]], caches: &caches, logits: [.last]) }
        #expect(throws: KeyValueCacheError.self) {
            try model([[1], [Int](repeating: 1, count: 9)], caches: &caches)
        }
        #expect(caches.map(\.length) == [0, 0])
        var mixed = [caches[0], try model.makeCache(capacity: 8, storage: .int8)]
        #expect(throws: TensorError.self) { try model([[1], [2]], caches: &mixed) }
        #expect(mixed.map(\.length) == [0, 0])
        // A cache of a layer with a window is that of another model.
        let windowed = try DecoderFixture("mistral").model.makeCache(capacity: 8)
        if windowed.layers.count == caches[0].layers.count,
            windowed.layers[0].layout == caches[0].layers[0].layout
        {
            var other = windowed
            #expect(throws: TensorError.self) { try model([1], cache: &other) }
        }
        #expect(pages.usedBytes == 0, "what a step takes that fails is given back")
        var foreign = try DecoderFixture("qwen3").model.makeCache(capacity: 8)
        #expect(throws: TensorError.self) { try model([1], cache: &foreign) }
        // Other layers, other heads, another width.
        let (count, own) = (model.configuration.blocks.count, model.configuration.blocks[0].attention)
        for (layers, heads, width) in [
            (count + 1, own.keyValueHeads, own.headWidth), (count, 1, own.headWidth),
            (count, own.keyValueHeads, own.headWidth + 4),
        ] {
            let layout = try KeyValueLayout(heads: heads, keyWidth: width)
            let layer = try KeyValueCache(sequences: 1, capacity: 8, layout: layout)
            var other = DecoderCache(layers: Array(repeating: layer, count: layers), capacity: 8)
            #expect {
                try model([1], cache: &other)
            } throws: {
                "\($0)".contains("another model: \(layers) layers of \(heads) heads")
            }
        }
        let gpt2 = try DecoderFixture("gpt2").model
        #expect(throws: TensorError.self) { try gpt2(SequenceBatch([[Int](repeating: 1, count: 65)])) }
        var long = try gpt2.makeCache(capacity: 100)
        _ = try gpt2([Int](repeating: 1, count: 64), cache: &long)
        #expect(throws: TensorError.self) { try gpt2([1], cache: &long) }
    }

    /// A missing tensor and one of another shape are named.
    @Test func wrongWeights() throws {
        let folder = try DecoderFixture("llama").folder
        func model(_ changes: [String: Any]) throws -> DecoderTransformer {
            try DecoderTransformer(description(changes), from: folder.weights())
        }
        #expect { try model(["num_hidden_layers": 3]) } throws: { "\($0)".contains("model.layers.2.") }
        #expect { try model(["intermediate_size": 41]) } throws: { "\($0)".contains("mlp.") }
        #expect { try model(["mlp_bias": true]) } throws: { "\($0)".contains("bias") }
        #expect { try model(["num_hidden_layers": 65_536]) } throws: { "\($0)".contains("model.layers.2.") }
        #expect { try model(["num_hidden_layers": 2_000_000_000]) } throws: { "\($0)".contains("layers") }
    }
}

/// Gradients through a whole decoder, a tied head's table included.
@Suite struct DecoderGradientTests {
    @Test(arguments: ["llama-biased", "gpt2", "qwen3", "gemma3", "phi", "granite"])
    func finiteDifferences(_ name: String) throws {
        var model = try DecoderFixture(name).model
        let (ids, targets) = ([3, 14, 15, 9, 26], [14, 15, 9, 26, 5])
        func loss(_ model: DecoderTransformer) throws -> Tensor {
            try CrossEntropy()(model(SequenceBatch([ids])), targets: targets)
        }
        try model.watchParameters()
        let gradient = try model.parameterGradients(of: loss(model))
        for name in [
            "tokens.weight", "layers.1.attention.query.weight", "layers.0.feedForward.contract.weight",
        ] {
            let analytic = try #require(gradient[name]).scalars
            let place = analytic.indices.max { abs(analytic[$0]) < abs(analytic[$1]) }!
            func shifted(_ step: Float) throws -> Float {
                var copy = model
                try copy.watchParameters { _ in false }
                try copy.forEachParameter { parameterName, parameter in
                    guard parameterName == name else { return }
                    parameter.withUnsafeMutableBuffer { $0[place] += step }
                }
                return try loss(copy).scalars[0]
            }
            let numeric = try (shifted(5e-3) - shifted(-5e-3)) / 1e-2
            #expect(abs(numeric - analytic[place]) < 0.03 * abs(analytic[place]) + 3e-3, "\(name)")
        }
    }

    /// A step over a cache has no backward pass. A gradient of a loss that depends on it is an error.
    @Test func stepsOverACacheHaveNoGradients() throws {
        var model = try DecoderFixture("llama").model
        var cache = try model.makeCache(capacity: 8)
        #expect(try !model([1, 2], cache: &cache).isWatched)
        try model.watchParameters()
        for rows in [LogitRows.last, .all] {
            let logits = try model([3, 4], cache: &cache, logits: rows)
            #expect(logits.isWatched)
            #expect(throws: GradientError.noBackwardPass(operation: "attention over a cache")) {
                try model.parameterGradients(of: logits.sum())
            }
        }
    }
}
