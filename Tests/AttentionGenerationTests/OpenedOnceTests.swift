import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// A language model keeps the file that it was read from: nothing opens the path again.
@Suite struct OpenedOnceTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    /// Saves and restores what a cache holds, and reads what belongs to the model beside its weights.
    private func use(_ model: LanguageModel) throws {
        _ = try model.generationDefaults()
        _ = try? ChatFormat(model.file)
        _ = try ChatFormat.specialTokens(of: model.file)
        var cache = try model.decoder.makeCache(capacity: 8)
        _ = try model.decoder([5, 3], cache: &cache)
        let path = temporary.path + "/saved.safetensors"
        try model.save(cache, tokens: [5, 3], to: path)
        #expect(try model.restore(&cache, from: path) == [5, 3])
    }

    @Test func ofAGGUFFile() throws {
        let path = temporary.path + "/model.gguf"
        try FileManager.default.copyItem(atPath: TrainedModel.reciter.path("q8_0"), toPath: path)
        let model = try LanguageModel(path: path)
        try FileManager.default.removeItem(atPath: path)
        try use(model)
        #expect(try Tokenizer(model.file).vocabularySize == model.tokenizer.vocabularySize)
        #expect(model.name == "model.gguf" && model.path == path)
    }

    @Test func ofAFolder() throws {
        let small = try SmallDecoder()
        let model = try LanguageModel(path: small.folder.path)
        try FileManager.default.removeItem(at: small.folder.appendingPathComponent("model.safetensors"))
        try use(model)
    }
}
