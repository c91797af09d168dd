import Attention
import AttentionGeneration
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// What a cache's storage costs a real model, and its conversations in files.
@Suite(.enabled(if: Stories.folder != nil, "shared/data/stories260K is not here"))
struct CacheStorageTests {
    /// The perplexity of a text that the model has not seen, read a token at a time, and how far it may move.
    @Test(arguments: [(KeyValueStorage.float16, 2e-4), (.bfloat16, 2e-3), (.int8, 1e-2)])
    func perplexityHardlyMoves(_ storage: KeyValueStorage, _ most: Double) throws {
        let model = try LanguageModel(path: #require(Stories.gguf("f32")))
        let text =
            "One day, a big dog and a small cat went to the park. They saw a red ball near a tree. The cat was "
            + "scared, but the dog said, \"Do not be afraid. We can play with it together.\" So they ran after the "
            + "ball until the sun went down, and then they walked home and told their mom all about it."
        let tokens = try model.tokenizer.encode(text).ids
        try #require(tokens.count > 80)
        let exact = try perplexity(of: tokens, model, .float32)
        let found = try perplexity(of: tokens, model, storage)
        #expect(abs(found / exact - 1) < most, "\(exact) in float32, \(found)")
        #expect(found != exact)
    }

    private func perplexity(
        of tokens: [Int], _ model: LanguageModel, _ storage: KeyValueStorage
    ) throws -> Double {
        var cache = try model.decoder.makeCache(capacity: tokens.count, storage: storage)
        var sum = 0.0
        for (token, next) in zip(tokens, tokens.dropFirst()) {
            let logits = try model.decoder([[token]], cache: &cache).scalars.map(Double.init)
            let largest = logits.max()!
            sum -= logits[next] - largest - log(logits.reduce(0) { $0 + exp($1 - largest) })
        }
        return exp(sum / Double(tokens.count - 1))
    }

    @Test func conversationsGoOnFromFiles() throws {
        let model = try LanguageModel(path: #require(Stories.gguf("f16")))
        let tokens = try model.tokenizer.encode("Once upon a time, there was a little").ids
        var cache = try model.decoder.makeCache(capacity: 100, storage: .float16)
        _ = try model.decoder([tokens], cache: &cache)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try model.save(of: cache, tokens: tokens, to: path)
        var later = try model.decoder.makeCache(capacity: 100, storage: .float16)
        let read = try model.restore(of: &later, from: path, conversation: tokens + [7])
        #expect(read == tokens)
        let expected = try model.decoder([[7]], cache: &cache)
        #expect(areBitwiseEqual(try model.decoder([[7]], cache: &later), expected))
        // Another model's weights, another conversation.
        let other = try LanguageModel(path: #require(Stories.gguf("q8_0")))
        #expect(throws: KeyValueCacheError.self) { try other.restore(of: &later, from: path) }
        #expect(throws: KeyValueCacheError.self) {
            try model.restore(of: &later, from: path, conversation: [1, 2, 3])
        }
    }
}
