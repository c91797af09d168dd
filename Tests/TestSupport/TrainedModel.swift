import Foundation

/// A trained Llama in the forms in which such models are published, with the tokens that it prefers.
public struct TrainedModel: Sendable, CustomStringConvertible {
    public let name: String
    public let folder: URL
    /// The file types with stored tokens; the first one rounds nothing.
    public let types: [String]
    /// A prompt, the text that follows it, and a stop string that begins and ends within tokens there.
    public let prompt, continuation, stop: String
    /// A text that the model predicts moderately well.
    public let text: String
    /// The factor by which rounded keys and values move that text's perplexity more than stories260K's.
    public let sensitivity: Double

    public var description: String { name }

    /// A model that recites a paragraph of the Apache licence: 28,000 parameters.
    public static let reciter = TrainedModel(
        name: "reciter", folder: Locations.fixture("AttentionGenerationTests", "reciter"),
        types: ["f16", "q8_0", "q4_0"],
        prompt: "Subject to the terms", continuation: " and conditions of this License, each Contrib",
        stop: "utor here",
        text: "Subject to the terms and rules of this License, each Contributor hereby grants to the world a "
            + "perpetual, free, irrevocable license to reproduce and prepare other Works.",
        sensitivity: 10)

    /// Andrej Karpathy's model of 260,000 parameters, where the published data is.
    public static let stories = Locations.data.map {
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

    public static let all = [reciter] + (stories.map { [$0] } ?? [])

    public struct Greedy: Decodable {
        public let ids: [Int]
        public let text: String?
        /// Of the tokens in float64, with the numbers that the file's matrices stand for.
        public let perplexity: Double?
    }

    public func path(_ type: String) -> String { folder.appendingPathComponent("\(name)-\(type).gguf").path }

    /// The greedy tokens after the begin token, and their text.
    public func greedy() throws -> Greedy { try decoded("expected_greedy.json") }

    /// The same of each type.
    public func greedyByType() throws -> [String: Greedy] { try decoded("gguf_expected.json") }

    private func decoded<Value: Decodable>(_ file: String) throws -> Value {
        try JSONDecoder().decode(
            Value.self, from: Data(contentsOf: folder.appendingPathComponent(file)))
    }
}
