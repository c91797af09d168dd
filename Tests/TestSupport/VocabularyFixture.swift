import Foundation

/// The first entries of published vocabularies, as `tokenizer.json` and as GGUF files, and the tokens that
/// the reference implementations find with them. Scripts/vocabulary_fixtures.py writes them.
public struct VocabularyFixture: Decodable, Sendable {
    public struct Vocabulary: Decodable, Sendable {
        public let count: Int
        /// Of each text, without begin and end.
        public let ids: [[Int]]
        /// The decoded tokens of each text; nil where they are the text.
        public let decoded: [String?]
    }

    public static let names = ["smollm2", "mistral", "minilm"]

    public let texts: [String]
    public let vocabularies: [String: Vocabulary]

    public static func load() throws -> VocabularyFixture {
        try JSONDecoder().decode(VocabularyFixture.self, from: Data(contentsOf: file("texts.json")))
    }

    public static func file(_ name: String) -> URL {
        Locations.fixture("AttentionTokenizersTests", "vocabularies/\(name)")
    }
}
