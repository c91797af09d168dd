import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// llama.cpp's named pre-tokenisers, against the words that llama.cpp itself makes (Scripts/llama_words.cpp).
@Suite struct NamedPreTokenizerTests {
    private struct Fixture: Decodable {
        let texts: [String]
        /// The words' lengths in scalars, by the name and for each text.
        let words: [String: [[Int]]]
    }

    /// The texts that llama.cpp cuts otherwise, because it approximates the model's published pattern:
    /// letters beyond ASCII have no case there, marks are no letters, and digits and white space are fewer.
    /// `tokenizers` cuts all of them as this library does.
    private static let approximated: [String: Set<Int>] = [
        "gpt-4o": [13, 14], "tekken": [13, 14], "kimi-k2": [2, 13, 14], "tiny_aya": [2], "youtu": [2],
        "deepseek-llm": [20], "deepseek-coder": [20], "superbpe": [9],
    ]

    private static func fixture() throws -> Fixture {
        let file = Locations.fixture("AttentionTokenizersTests", "llama_words.json")
        return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
    }

    @Test func wordsAreThoseOfLlamaCpp() throws {
        let fixture = try Self.fixture()
        #expect(Set(fixture.words.keys).isSuperset(of: Self.approximated.keys))
        for (name, words) in fixture.words {
            let preTokenizer = try NamedPreTokenizer(name, file: "")
            var different: Set<Int> = []
            for (index, text) in fixture.texts.enumerated() {
                var cut = PreTokenizedText(try AlignedText(text))
                try preTokenizer.cut(&cut)
                if cut.words.map(\.count) != words[index] { different.insert(index) }
            }
            #expect(different == Self.approximated[name] ?? [], "\(name)")
        }
    }

    @Test func everyNameIsUsable() throws {
        let names = NamedPreTokenizer.names
        #expect(Set(names).count == names.count && names.count > 85)
        for name in names {
            var text = PreTokenizedText(try AlignedText("Ab 12\n"))
            try NamedPreTokenizer(name, file: "").preTokenize(&text)
            #expect(!text.words.isEmpty, "\(name)")
        }
    }

    /// Texts that make patterns backtrack or look ahead take time linear in their length.
    @Test func longTextsTakeNoLongTime() throws {
        let texts = ["a", "1", " ", "\n", "A", "a1", "'", "\u{301}", "中", "!", " a", "٣"].map {
            String(repeating: $0, count: 20_000)
        }
        let time = try ContinuousClock().measure {
            for name in [
                "gpt-4o", "tiny_aya", "superbpe", "afmoe", "exaone-moe", "jais-2", "kimi-k2", "deepseek-v3",
            ] {
                let preTokenizer = try NamedPreTokenizer(name, file: "")
                for text in texts {
                    var cut = PreTokenizedText(try AlignedText(text))
                    try preTokenizer.cut(&cut)
                }
            }
        }
        #expect(time < .limit(seconds: 20))
    }
}
