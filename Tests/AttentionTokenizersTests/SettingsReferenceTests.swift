import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Folders whose tokens and settings stand in several files, and the ids that the reference library gives.
/// Scripts/tokenizer_settings_fixtures.py writes them.
private struct SettingsFixture: Decodable {
    struct Case: Decodable {
        let name, base: String
        let files: [String: String]
        /// Of each text, the place among the fixture's results.
        let results: [Int]
    }

    let texts: [String]
    let bases: [String: [String: String]]
    let results: [[Int]]
    let cases: [Case]

    static let shared: SettingsFixture? = {
        let file = Locations.fixture("AttentionTokenizersTests", "settings.json")
        // A missing fixture shows as a failing `everyCaseIsThere`.
        return (try? Data(contentsOf: file)).flatMap {
            try? JSONDecoder().decode(SettingsFixture.self, from: $0)
        }
    }()

    /// A folder with the files of a case.
    func folder(of test: Case) throws -> URL {
        let folder = try textFolder([:])
        for (name, text) in (bases[test.base] ?? [:]).merging(test.files, uniquingKeysWith: { $1 }) {
            let data = name == "tokenizer.model" ? Data(base64Encoded: text) : Data(text.utf8)
            try #require(data).write(to: folder.appendingPathComponent(name))
        }
        return folder
    }
}

@Suite struct SettingsReferenceTests {
    @Test func everyCaseIsThere() throws {
        let fixture = try #require(SettingsFixture.shared)
        #expect(fixture.bases.count == 10 && fixture.cases.count > 250)
        #expect(fixture.cases.allSatisfy { $0.results.count == fixture.texts.count })
    }

    /// Texts whose ids are known to differ. The reference also finds `<pad>` where only other extra tokens
    /// are named, and finds `<s>` and `</s>` although `split_special_tokens` is true.
    static let deviations: Set = [
        "plain pieces: named extra tokens x<pad>y <s>z</s>", "unigram: split_special_tokens x<pad>y <s>z</s>",
    ]

    @Test(arguments: (SettingsFixture.shared?.bases.keys).map { $0.sorted() } ?? [])
    func idsAreTheReferences(base: String) throws {
        let fixture = try #require(SettingsFixture.shared)
        for test in fixture.cases where test.base == base {
            let folder = try fixture.folder(of: test)
            defer { try? FileManager.default.removeItem(at: folder) }
            do {
                let tokenizer = try Tokenizer(path: folder.path)
                for (text, result) in zip(fixture.texts, test.results) {
                    let ids = try tokenizer.encode(text).ids
                    if Self.deviations.contains("\(test.name) \(text)") {
                        withKnownIssue { #expect(ids == fixture.results[result]) }
                    } else {
                        #expect(ids == fixture.results[result], "\(test.name): \(text.debugDescription)")
                    }
                }
            } catch {
                Issue.record("\(test.name): \(error)")
            }
        }
    }
}
