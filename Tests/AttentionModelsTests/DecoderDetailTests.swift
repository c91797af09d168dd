import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Details of decoders that the fixtures' models do not show.
@Suite struct DecoderDetailTests {
    private func description(_ name: String, _ changes: [String: Any?]) throws
        -> ModelDescription
    {
        let config = try DecoderFixture(name).folder.data(of: "config.json")
        var fields = try #require(JSONSerialization.jsonObject(with: Data(config)) as? [String: Any])
        for (key, value) in changes { fields[key] = value }
        return try JSONDecoder().decode(
            ModelDescription.self, from: JSONSerialization.data(withJSONObject: fields))
    }

    /// A tied head is the table of tokens, also after the table has changed.
    @Test func aTiedHeadFollowsItsTable() throws {
        var model = try DecoderFixture("gpt2").model
        let batch = try SequenceBatch([[3, 14, 15, 9]])
        try model.forEachParameter { name, parameter in
            if name == "tokens.weight" { parameter = try parameter * 1.5 }
        }
        let table = try #require(model.parameters.first { $0.name == "tokens.weight" }).value
        let hidden = try model.hiddenStates(batch)
        let expected = try matrixProduct(hidden, table.transposed(0, 1))
        #expect(largestDifference(try model(batch), expected) < 1e-5)
    }

    /// Gemma ties its head unless the file says otherwise.
    @Test func gemmaTiesItsHeadByDefault() throws {
        let fixture = try DecoderFixture("gemma2")
        let weights = try fixture.folder.weights()
        #expect(!weights.contains("lm_head.weight"))
        let model = try DecoderTransformer(description("gemma2", ["tie_word_embeddings": nil]), from: weights)
        let batch = try SequenceBatch(fixture.ids())
        #expect(areBitwiseEqual(try model(batch), try fixture.model(batch)))
    }

    /// Qwen's windows begin at the layer `max_window_layers`.
    @Test func windowsBeginAtALayer() throws {
        let configuration = try description(
            "qwen2",
            [
                "num_hidden_layers": 4, "layer_types": nil, "use_sliding_window": true, "sliding_window": 5,
                "max_window_layers": 2,
            ]
        ).configuration
        #expect(configuration.blocks.map(\.attention.span.window) == [nil, nil, 5, 5])
    }
}
