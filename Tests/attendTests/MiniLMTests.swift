import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// The commands as the README shows them, on the real model.
@Suite(
    .enabled(
        if: Locations.model != nil, "needs all-MiniLM-L6-v2: run `make model`, or set ATTENTION_TEST_MODEL"))
struct MiniLMTests {
    private let model = Locations.model?.path ?? ""

    @Test func embedsTokens() throws {
        let outcome = try Program.attend(
            ["embed", "--model", model, "--tokens", "101,7592,102", "--hidden", "--json"])
        let object = try #require(try outcome.json() as? [String: Any])
        #expect(Set(object.keys) == ["ids", "embedding", "hidden"])
        #expect(object["ids"] as? [Int] == [101, 7592, 102])
        #expect((object["hidden"] as? [[Double]])?.map(\.count) == [384, 384, 384])
        let embedding = try #require(object["embedding"] as? [Double])
        #expect(abs(embedding.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        let text = try Program.attend(["embed", "--model", model, "Hello", "--hidden", "--json"])
        #expect(text.output == outcome.output)
    }

    @Test func ranksByMeaning() throws {
        let lines = "The weather is lovely today.\nHe drove to the stadium.\nHow do I reset my password?\n"
        let outcome = try Program.attend(
            ["rank", "--model", model, "--query", "I cannot log in", "--file", "-", "--top", "1"],
            input: lines)
        #expect(outcome.lines.count == 1)
        #expect(outcome.lines.first?.hasSuffix("3  How do I reset my password?") == true)
    }

    /// `look --json` against PyTorch's weights of the stored sentence.
    @Test func attentionWeightsAreTheReference() throws {
        let reference = try Reference()
        let outcome = try Program.attend(["look", "--model", model, reference.text, "--json", "-"])
        let object = try #require(try outcome.json() as? [String: Any])
        let weights = try #require(object["weights"] as? [[[[Double]]]])
        let found = weights.flatMap { $0.flatMap { $0.flatMap { $0 } } }
        #expect(found.count == reference.weights.count)
        let difference = zip(found, reference.weights).map { abs($0 - $1) }.max() ?? .infinity
        print("attention weights: \(difference) to float64")
        #expect(difference <= 1e-5)
    }

    @Test func theLongestTextIsDrawn() throws {
        let text = String(repeating: "every word looks at every other word ", count: 200)
        let outcome = try Program.attend(["look", "--model", model, text])
        #expect(outcome.code == 0)
        // The terminal shows runs of tokens, at most 100 of them.
        #expect((60...130).contains(outcome.lines.count))
        #expect(outcome.errors.contains("1402 tokens; the model reads 256"))
    }

    /// The stored sentence, and its weights [6, 12, N, N].
    private struct Reference {
        let text: String
        let weights: [Double]

        init() throws {
            let folder = Locations.fixture("AttentionTasksTests", "")
            let json = try Data(contentsOf: folder.appendingPathComponent("minilm.json"))
            let head = try JSONSerialization.jsonObject(with: json) as? [String: Any]
            let sentences = try #require(head?["sentences"] as? [[String: Any]])
            text = try #require(sentences[head?["shortSentence"] as? Int ?? 0]["text"] as? String)
            let path = folder.appendingPathComponent("minilm.safetensors").path
            let file = try SafetensorsFile(path: path)
            let stored = try #require(try file.storedTensor(named: "short.attention_weights_f64"))
            weights = stored.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: 8).map {
                    bytes.loadUnaligned(fromByteOffset: $0, as: Double.self)
                }
            }
        }
    }
}
