import AttentionFiles
import AttentionTasks
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Folders of every kind against sentence-transformers, which Scripts/fixtures/sentence_folders.py ran on
/// them: the same tokens, the same vectors, the same scores.
struct SentenceFolderTests {
    struct Content: Decodable, Sendable {
        let tokenizers: [String: String]
        let query: String
        let documents: [String]
        let cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: String]
        let weights: [String: [String: Numbers]]
        /// Where the encoder lies; nil: in the model's folder.
        let encoder: String?
        let isLowercase: Bool
        let results: [Result]
        let scores: [Float]?

        var testDescription: String { name }
    }

    struct Numbers: Decodable, Sendable {
        let shape: [Int]
        let numbers: [Float]
    }

    struct Result: Decodable, Sendable {
        let text: String
        let prompt: String?
        let promptName: String?
        let ids: [Int]
        let vector: [Float]

        private enum CodingKeys: String, CodingKey {
            case text, prompt
            case promptName = "prompt_name"
            case ids, vector
        }

        var chosenPrompt: SentencePrompt {
            prompt.map { .text($0) } ?? promptName.map { .named($0) } ?? .standard
        }
    }

    static let content: Content? = {
        let url = Locations.fixture("AttentionTasksTests", "sentence_folders.json")
        return (try? Data(contentsOf: url)).flatMap { try? JSONDecoder().decode(Content.self, from: $0) }
    }()

    @Test func thereAreCases() { #expect(Self.content?.cases.count == 57) }

    @Test(arguments: content?.cases ?? [])
    func givesTheLibrarysVectors(_ test: Case) throws {
        let folder = try Self.folder(test)
        let embedder = try TextEmbedder(path: folder.path)
        for result in test.results {
            let ids = try embedder.tokenize(result.text, prompt: result.chosenPrompt).ids
            #expect(ids == result.ids, "\(result.text)")
            let vector = try embedder.embed([result.text], prompt: result.chosenPrompt)[0]
            #expect(vector.count == result.vector.count && vector.count == embedder.width)
            let error = zip(vector, result.vector).map { abs($0 - $1) }.max() ?? 0
            #expect(error < 1e-5, "\(result.text): \(error)")
        }
        guard let scores = test.scores, let content = Self.content else { return }
        let matches = try embedder.rank(query: content.query, documents: content.documents)
        #expect(matches.map(\.score) == matches.map(\.score).sorted(by: >))
        for match in matches {
            #expect(abs(match.score - scores[match.index]) < 1e-4 * max(abs(match.score), 1), "\(match)")
        }
    }

    private static func folder(_ test: Case) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let encoder = test.encoder.map { $0 + "/" } ?? ""
        for name in ["config.json", "model.safetensors"] {
            try folder.write(
                Data(contentsOf: Locations.fixture("AttentionModelsTests", "bert/\(name)")),
                to: encoder + name)
        }
        try folder.write(content?.tokenizers["\(test.isLowercase)"] ?? "", to: encoder + "tokenizer.json")
        for (path, text) in test.files { try folder.write(text, to: path) }
        for (path, tensors) in test.weights {
            let stored = try tensors.map { name, numbers in
                StoredTensor(name: name, try Tensor(numbers.numbers, shape: Shape(numbers.shape)))
            }
            try SafetensorsWriter.write(stored, to: "\(folder.path)/\(path)/model.safetensors")
        }
        return folder
    }
}
