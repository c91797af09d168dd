import AttentionFiles
import AttentionTasks
import AttentionTensors
import Foundation
import TestSupport

/// PyTorch's results for all-MiniLM-L6-v2, which Scripts/make_fixtures.py stored.
struct ReferenceSentences: Decodable {
    struct Sentence: Decodable {
        let text: String
        let ids: [Int]
    }

    let maximumLength: Int
    /// The similarities of the first three sentences, as the model's authors print them.
    let similarities: [[Float]]
    /// Which sentence's hidden states are stored.
    let shortSentence: Int
    let sentences: [Sentence]

    var texts: [String] { sentences.map(\.text) }

    static func load() throws -> ReferenceSentences {
        let url = Locations.fixture("AttentionTasksTests", "minilm.json")
        return try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
    }

    static func tensor(_ name: String) throws -> Tensor? {
        let path = Locations.fixture("AttentionTasksTests", "minilm.safetensors").path
        return try SafetensorsFile(path: path).storedTensor(named: name)?.float32()
    }

    /// The model itself, where the machine has it.
    static func embedder() throws -> TextEmbedder {
        guard let model = Locations.model else { throw Absent() }
        return try TextEmbedder(path: model.path)
    }

    static let absence = "needs all-MiniLM-L6-v2: run `make model`, or set ATTENTION_TEST_MODEL to its folder"

    private struct Absent: Error {}
}
