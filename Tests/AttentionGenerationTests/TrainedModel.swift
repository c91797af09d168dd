import AttentionGeneration
import Foundation
import TestSupport

/// A trained Llama in the forms in which such models are published, with the tokens that it prefers.
struct TrainedModel: Sendable, CustomStringConvertible {
    let name: String
    let folder: URL
    /// The file types with stored tokens; the first one rounds nothing.
    let types: [String]
    /// A prompt, the text that follows it, and a stop string that begins and ends within tokens there.
    let prompt, continuation, stop: String
    /// A text that the model predicts moderately well.
    let text: String
    /// The factor by which rounded keys and values move that text's perplexity more than stories260K's.
    let sensitivity: Double

    var description: String { name }

    /// A model that recites a paragraph of the Apache licence: 28,000 parameters.
    static let reciter = TrainedModel(
        name: "reciter", folder: Locations.fixture("AttentionGenerationTests", "reciter"),
        types: ["f16", "q8_0", "q4_0"],
        prompt: "Subject to the terms", continuation: " and conditions of this License, each Contrib",
        stop: "utor here",
        text: "Subject to the terms and rules of this License, each Contributor hereby grants to the world a "
            + "perpetual, free, irrevocable license to reproduce and prepare other Works.",
        sensitivity: 10)

    /// Andrej Karpathy's model of 260,000 parameters, where the published data is.
    static let stories = Locations.data.map {
        TrainedModel(
            name: "stories260K", folder: $0.appendingPathComponent("stories260K/derived"),
            types: ["f32", "f16", "bf16", "q8_0"],
            prompt: "Once upon a time, there",
            continuation: " was a little girl named Lily. She lov", stop: "ed to pl",
            text: "One day, a big dog and a small cat went to the park. They saw a red ball near a tree. The "
                + "cat was scared, but the dog said, \"Do not be afraid. We can play with it together.\" So "
                + "they ran after the ball until the sun went down.",
            sensitivity: 1)
    }.flatMap { FileManager.default.fileExists(atPath: $0.folder.path) ? $0 : nil }

    static let all = [reciter] + (stories.map { [$0] } ?? [])

    struct Greedy: Decodable {
        let ids: [Int]
        let text: String?
        /// Of the tokens in float64, with the numbers that the file's matrices stand for.
        let perplexity: Double?
    }

    func path(_ type: String) -> String { folder.appendingPathComponent("\(name)-\(type).gguf").path }

    /// The file that rounds nothing, or another one.
    func model(_ type: String? = nil) throws -> LanguageModel {
        try LanguageModel(path: path(type ?? types[0]))
    }

    /// The greedy tokens after the begin token, and their text.
    func greedy() throws -> Greedy { try decoded("expected_greedy.json") }

    /// The same of each type.
    func greedyByType() throws -> [String: Greedy] { try decoded("gguf_expected.json") }

    private func decoded<Value: Decodable>(_ file: String) throws -> Value {
        try JSONDecoder().decode(
            Value.self, from: Data(contentsOf: folder.appendingPathComponent(file)))
    }
}
