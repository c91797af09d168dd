import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Karpathy's trained model of 260,000 parameters in every form in which it is published.
@Suite(.enabled(if: Stories.folder != nil, "shared/data/stories260K is not here"))
struct StoriesTests {
    @Test(arguments: ["f32", "f16", "bf16", "q8_0"])
    func publishedTokens(_ type: String) throws {
        let model = try LanguageModel(path: #require(Stories.gguf(type)))
        let expected = try #require(try Stories.expected()[type]).ids
        try #require(expected.count > 90)
        var cache = try model.decoder.makeCache(capacity: 512)
        var ids = [expected[0]]
        while ids.count < expected.count {
            let logits = try model.decoder([[ids[ids.count - 1]]], cache: &cache).scalars
            ids.append(logits.firstIndex(of: logits.max()!)!)
        }
        #expect(ids == expected)
    }
}

enum Stories {
    static let folder = Locations.data.map { $0.appendingPathComponent("stories260K/derived") }
        .flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }

    static func gguf(_ type: String) -> String? {
        folder.map { $0.appendingPathComponent("stories260K-\(type).gguf").path }
    }

    struct Expected: Decodable { let ids: [Int] }

    static func expected() throws -> [String: Expected] {
        guard let folder else { return [:] }
        return try JSONDecoder().decode(
            [String: Expected].self,
            from: Data(contentsOf: folder.appendingPathComponent("gguf_expected.json")))
    }
}
