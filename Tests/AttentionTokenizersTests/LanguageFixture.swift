import AttentionTokenizers
import Foundation
import TestSupport

/// Tokenizers in the forms of language models, and the reference implementations' results for texts.
/// Scripts/tokenizer_language_fixtures.py writes them.
struct LanguageFixture: Decodable {
    struct Tokenizer: Decodable {
        let name, model, sections: String
        let switches: [String]
        let results: [Result]
    }

    /// Ids, offsets in scalars, and the decoded text where it is not the text itself.
    struct Result: Decodable {
        let ids, offsets: [Int]
        let decoded: String?

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            ids = try container.decode([Int].self)
            offsets = try container.decode([Int].self)
            decoded = try container.decodeIfPresent(String.self)
        }
    }

    struct Pattern: Decodable {
        let pattern: String
        let matches: [[Int]]
    }

    struct Pieces: Decodable {
        let name: String
        let model: Data
        let ids: [[Int]]
    }

    let texts: [String]
    let models: [String: String]
    let tokenizers: [Tokenizer]
    let patterns: [Pattern]
    let pieces: [Pieces]

    static let shared: LanguageFixture? = {
        let file = Locations.fixture("AttentionTokenizersTests", "language.json")
        // A missing fixture shows as a failing `everyCaseIsThere`.
        return (try? Data(contentsOf: file)).flatMap {
            try? JSONDecoder().decode(LanguageFixture.self, from: $0)
        }
    }()

    /// The text of a tokenizer's file.
    func json(of tokenizer: Tokenizer) -> [UInt8] {
        var model = models[tokenizer.model] ?? ""
        for name in tokenizer.switches {
            model = model.replacingOccurrences(of: "\"\(name)\":false", with: "\"\(name)\":true")
        }
        return Array("{\"model\":\(model),\(tokenizer.sections.dropFirst())".utf8)
    }

    func load(_ name: String) throws -> AttentionTokenizers.Tokenizer {
        guard let tokenizer = tokenizers.first(where: { $0.name == name }) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try .init(json: json(of: tokenizer), name: name)
    }
}
