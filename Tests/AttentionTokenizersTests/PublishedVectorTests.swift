import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Identity with published vectors, on the vocabularies of published models.
@Suite struct PublishedVectorTests {
    struct Vectors: Decodable {
        struct Case: Decodable {
            let text: String
            let textPair: String?
            let tokens: [String]
            let ids: [Int]
            let decoded: String

            enum CodingKeys: String, CodingKey {
                case text, tokens, ids, decoded
                case textPair = "text_pair"
            }
        }
        let family: String
        let cases: [String: Case]
    }

    private static let hasData = Locations.data != nil
    private static let hasModel = Locations.model != nil

    private func vectors(_ name: String) throws -> [String: Vectors.Case] {
        let data = try Data(
            contentsOf: #require(Locations.data).appendingPathComponent("tokenizers/vectors.json"))
        return try #require(JSONDecoder().decode([String: Vectors].self, from: data)[name]).cases
    }

    private func check(_ cases: [String: Vectors.Case], with tokenizer: Tokenizer) throws {
        for (name, test) in cases {
            let encoding = try tokenizer.encode(test.text, pair: test.textPair)
            #expect(encoding.ids == test.ids, "\(name)")
            let inside = zip(encoding.tokens, encoding.specialTokensMask).filter { !$1 }.map(\.0)
            #expect(inside == test.tokens || inside == unknown(test, encoding), "\(name)")
            let decoded = tokenizer.decode(encoding.ids, skipSpecialTokens: false)
            // Some vectors were cleaned up after decoding, as English text can be.
            #expect(decoded == test.decoded || cleaned(decoded) == test.decoded, "\(name)")
        }
    }

    private func cleaned(_ text: String) -> String {
        let rules = [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" n't", "n't"), (" 's", "'s")]
        return rules.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }

    /// Some vectors keep the text of unknown words, which ids and decoded text do not have.
    private func unknown(_ test: Vectors.Case, _ encoding: Encoding) -> [String] {
        zip(test.tokens, encoding.tokens.dropFirst()).map { $1 == "[UNK]" ? "[UNK]" : $0 }
    }

    @Test(
        .enabled(if: hasData, "needs the published data: set ATTENTION_TEST_DATA"),
        .enabled(if: hasModel, "needs all-MiniLM-L6-v2: run `make model`"))
    func uncasedBERT() throws {
        let cases = try vectors("Xenova/bert-base-uncased")
        #expect(cases.count == 30)
        let folder = try #require(Locations.model)
        try check(cases, with: Tokenizer(path: folder.path))
        try check(cases, with: Tokenizer(path: folder.appendingPathComponent("vocab.txt").path))
    }

    @Test(.enabled(if: hasData, "needs the published data: set ATTENTION_TEST_DATA"))
    func casedBERT() throws {
        let file = try #require(Locations.data).appendingPathComponent(
            "tokenizers/bert-base-cased-vocab.txt")
        let tokenizer = try Tokenizer(vocabulary: file, lowercase: false)
        #expect(tokenizer.vocabularySize == 28996)
        try check(vectors("google-bert/bert-base-cased"), with: tokenizer)
    }

    @Test(.enabled(if: hasData, "needs the published data: set ATTENTION_TEST_DATA"))
    func gpt2() throws {
        let data = try #require(Locations.data).appendingPathComponent("tokenizers")
        let folder = try textFolder([
            "vocab.json": String(contentsOf: data.appendingPathComponent("gpt2.vocab"), encoding: .utf8),
            "merges.txt": String(
                contentsOf: data.appendingPathComponent("gpt2.merges.txt"), encoding: .utf8),
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        let tokenizer = try Tokenizer(path: folder.path)
        #expect(tokenizer.vocabularySize == 50257)
        try check(vectors("Xenova/gpt2"), with: tokenizer)
    }

    @Test(
        .enabled(if: hasData, "needs the published data: set ATTENTION_TEST_DATA"),
        arguments: [
            ("Xenova/all-distilroberta-v1", "roberta-tokenizer.json"),
            ("Xenova/llama-tokenizer", "llama2-tokenizer.json"),
        ])
    func tokenizerFiles(name: String, file: String) throws {
        let data = try #require(Locations.data).appendingPathComponent("tokenizers")
        try check(vectors(name), with: Tokenizer(path: data.appendingPathComponent(file).path))
    }

    @Test(.enabled(if: hasModel, "needs all-MiniLM-L6-v2: run `make model`"))
    func publishedModelFolder() throws {
        let tokenizer = try Tokenizer(path: #require(Locations.model).path)
        #expect(tokenizer.vocabularySize == 30522)
        #expect(tokenizer.modelMaxLength == 512)
        #expect(tokenizer.truncation == Truncation(maxLength: 128))
        #expect(tokenizer.padding?.length == .fixed(128))
        #expect(tokenizer.id(of: "[CLS]") == 101 && tokenizer.token(of: 103) == "[MASK]")
        #expect(try tokenizer.encode("hello [MASK]").ids == [101, 7592, 103, 102])
    }
}
