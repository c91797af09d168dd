import AttentionGeneration
import AttentionModels
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Trained models in every form in which they are published.
@Suite struct TrainedModelTests {
    /// A file of each type gives the tokens that llama.cpp chooses with it.
    @Test(arguments: TrainedModel.all)
    func greedyTokensOfEveryType(_ trained: TrainedModel) throws {
        for type in trained.types {
            let expected = try #require(try trained.greedyByType()[type]).ids
            try #require(expected.count > 90)
            let found = try greedy(trained.model(type).decoder, count: expected.count)
            #expect(found == expected, "\(type)")
        }
    }

    /// The 200 tokens and their text, with and without speculation.
    @Test(arguments: TrainedModel.all)
    func greedyText(_ trained: TrainedModel) throws {
        let model = try trained.model()
        let expected = try trained.greedy()
        for speculation in [nil, Speculation.lookup, .draft(model.decoder)] {
            var options = GenerationOptions(maximumTokens: expected.ids.count - 1)
            options.speculation = speculation
            var generation = try model.generation(of: [expected.ids[0]], options)
            let tokens = try generation.rest()
            #expect(expected.ids[...0] + tokens.map(\.id) == expected.ids)
            #expect(tokens.map(\.text).joined() == expected.text)
        }
    }

    /// A folder without a tokenizer works with tokens.
    @Test(arguments: TrainedModel.all)
    func withoutATokenizer(_ trained: TrainedModel) throws {
        let folder = trained.folder.appendingPathComponent("hf").path
        let model = try LanguageModel(path: folder)
        let expected = try trained.greedy().ids
        let tokens = try model.generated([expected[0]], GenerationOptions(maximumTokens: 40))
        #expect(tokens == Array(expected[1...40]))
        #expect(throws: TokenizerError.noTokenizerFile(folder: folder)) { try model.tokenizer }
    }

    /// A stop string that begins and ends within tokens; the text goes on from the prompt with its space.
    @Test(arguments: TrainedModel.all)
    func stopStrings(_ trained: TrainedModel) throws {
        let model = try trained.model()
        var options = GenerationOptions(maximumTokens: 60)
        options.stopStrings = [trained.stop]
        var generation = try model.generation(of: model.tokenize(prompt: trained.prompt), options)
        let text = try generation.rest().map(\.text).joined()
        #expect(text == trained.continuation)
        #expect(generation.state.finish == .stopString(trained.stop))
    }

    /// The perplexity in 8 bits is close to the exact one, on a text that the model predicts well.
    @Test(arguments: TrainedModel.all)
    func perplexityInEightBits(_ trained: TrainedModel) throws {
        let ids = try trained.greedy().ids
        func perplexity(_ type: String) throws -> Double {
            try trained.model(type).perplexity(of: ids, windows: .sliding(length: 128, stride: 64)).value
        }
        let (exact, eightBits) = (try perplexity(trained.types[0]), try perplexity("q8_0"))
        #expect(exact > 1 && exact < 2)
        #expect(abs(eightBits / exact - 1) < 0.01)
    }

    /// The perplexity of each file's greedy tokens is the one that transformers computes in float64 with the
    /// numbers of the file.
    @Test(arguments: TrainedModel.reciter.types)
    func perplexityOfEveryType(_ type: String) throws {
        let expected = try #require(try TrainedModel.reciter.greedyByType()[type])
        let found = try TrainedModel.reciter.model(type)
            .perplexity(of: expected.ids, windows: .sliding(length: 256, stride: 128)).value
        // Inputs of quantised matrices are rounded to 8 bits.
        let allowed = type == "f16" ? 1e-5 : 1e-3
        #expect(abs(found / (try #require(expected.perplexity)) - 1) < allowed, "\(found)")
    }

    private func greedy(_ decoder: DecoderTransformer, count: Int) throws -> [Int] {
        var cache = try decoder.makeCache(capacity: 512)
        var ids = [1]
        while ids.count < count {
            ids.append(try decoder([ids[ids.count - 1]], cache: &cache).indexOfLargest(inRow: 0))
        }
        return ids
    }
}
