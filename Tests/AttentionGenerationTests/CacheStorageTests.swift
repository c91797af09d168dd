import Attention
import AttentionGeneration
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// The error of a cache's storage in a trained model, and conversations in files.
@Suite struct CacheStorageTests {
    /// Storage in fewer bits changes the perplexity of a text little. The text is read one token at a time.
    @Test(
        arguments: TrainedModel.all,
        [(KeyValueStorage.float16, 2e-4), (.bfloat16, 2e-3), (.int8, 1e-2)])
    func perplexityHardlyMoves(_ trained: TrainedModel, _ storage: (KeyValueStorage, most: Double)) throws {
        let model = try trained.model()
        let tokens = try model.tokenizer.encode(trained.text).ids
        try #require(tokens.count > 80)
        let exact = try perplexity(of: tokens, model, .float32)
        let found = try perplexity(of: tokens, model, storage.0)
        #expect(abs(found / exact - 1) < storage.most * trained.sensitivity, "\(exact) in float32, \(found)")
        #expect(found != exact)
    }

    private func perplexity(
        of tokens: [Int], _ model: LanguageModel, _ storage: KeyValueStorage
    ) throws -> Double {
        var cache = try model.decoder.makeCache(capacity: tokens.count, storage: storage)
        var sum = 0.0
        for (token, next) in zip(tokens, tokens.dropFirst()) {
            let logits = try model.decoder([token], cache: &cache).scalars.map(Double.init)
            let largest = logits.max()!
            sum -= logits[next] - largest - log(logits.reduce(0) { $0 + exp($1 - largest) })
        }
        return exp(sum / Double(tokens.count - 1))
    }

    @Test(arguments: TrainedModel.all)
    func conversationsGoOnFromFiles(_ trained: TrainedModel) throws {
        let model = try trained.model("f16")
        let tokens = try model.tokenizer.encode(trained.prompt).ids
        var cache = try model.decoder.makeCache(capacity: 100, storage: .float16)
        _ = try model.decoder(tokens, cache: &cache)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try model.save(cache, tokens: tokens, to: path)
        var later = try model.decoder.makeCache(capacity: 100, storage: .float16)
        let read = try model.restore(&later, from: path, conversation: tokens + [7])
        #expect(read == tokens)
        let expected = try model.decoder([7], cache: &cache)
        #expect(areBitwiseEqual(try model.decoder([7], cache: &later), expected))
        // Another model's weights, another conversation.
        let other = try trained.model("q8_0")
        #expect(throws: KeyValueCacheError.self) { try other.restore(&later, from: path) }
        #expect(throws: KeyValueCacheError.self) {
            try model.restore(&later, from: path, conversation: [1, 2, 3])
        }
    }
}
