import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Identity with the reference implementations on the first entries of published vocabularies.
@Suite struct VocabularyTests {
    @Test(arguments: VocabularyFixture.names)
    func tokenizerFiles(_ name: String) throws {
        let tokenizer = try Tokenizer(path: VocabularyFixture.file("\(name).json").path)
        try check(tokenizer, name)
    }

    @Test func sentencePieceFile() throws {
        try check(Tokenizer(path: VocabularyFixture.file("mistral.model").path), "mistral")
    }

    /// The words of a vocabulary, one a line, mean the same as the `tokenizer.json` with its settings.
    @Test func wordList() throws {
        struct Root: Decodable {
            struct Model: Decodable { let vocab: [String: Int] }
            let model: Model
        }
        let json = try Data(contentsOf: VocabularyFixture.file("minilm.json"))
        let words = try JSONDecoder().decode(Root.self, from: json).model.vocab
            .sorted { $0.value < $1.value }.map(\.key)
        let folder = try textFolder(["vocab.txt": words.joined(separator: "\n") + "\n"])
        defer { try? FileManager.default.removeItem(at: folder) }
        let tokenizer = try Tokenizer(path: folder.appendingPathComponent("vocab.txt").path)
        try check(tokenizer, "minilm")
    }

    private func check(_ tokenizer: Tokenizer, _ name: String) throws {
        let fixture = try VocabularyFixture.load()
        let expected = try #require(fixture.vocabularies[name])
        #expect(tokenizer.vocabularySize == expected.count)
        #expect(fixture.texts.count > 45 && expected.ids.count == fixture.texts.count)
        for (index, text) in fixture.texts.enumerated() {
            let ids = try tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(ids == expected.ids[index], "\(text.debugDescription)")
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            let scalars = Array((expected.decoded[index] ?? text).unicodeScalars)
            #expect(Array(decoded.unicodeScalars) == scalars, "\(text.debugDescription)")
        }
    }
}
