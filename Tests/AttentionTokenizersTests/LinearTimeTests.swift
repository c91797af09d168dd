import AttentionTokenizers
import TestSupport
import Testing

/// Texts that make quadratic tokenizers take minutes. The limits are generous: they tell linear from
/// quadratic, not fast from slow.
@Suite struct LinearTimeTests {
    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let duration = try ContinuousClock().measure(body)
        return Double(duration.components.seconds)
    }

    @Test(arguments: ["100", "1000000000"])
    func repeatedCharacters(longestWord: String) throws {
        let tokenizer = try TokenizerText(model: ["max_input_chars_per_word": longestWord]).load()
        let time = try seconds { () throws in
            let word = try tokenizer.encode(String(repeating: "a", count: 100_000))
            #expect(word.count == (longestWord == "100" ? 3 : 100_002))
            #expect(try tokenizer.encode(String(repeating: "^", count: 1_000_000)).count == 1_000_002)
            #expect(try tokenizer.encode(String(repeating: "_", count: 50_000)).count == 50_002)
        }
        #expect(time < 20)
    }

    @Test func ordinaryTextAndMarks() throws {
        let tokenizer = try TokenizerText().load()
        let time = try seconds { () throws in
            #expect(try tokenizer.encode(String(repeating: "unable a ", count: 120_000)).count == 360_002)
            let marks = "a" + String(repeating: "\u{301}\u{323}", count: 200_000)
            #expect(try tokenizer.encode(marks).ids == [1, 6, 2])
        }
        #expect(time < 20)
    }

    @Test func cutTextsAreNotTokenizedWhole() throws {
        let tokenizer = try TokenizerText().load()
        let text = "un " + String(repeating: "a ", count: 100_000) + "unable"
        #expect(try tokenizer.encode(text, maxLength: 4).ids == [1, 3, 6, 2])
        #expect(try tokenizer.encode(text, maxLength: 4, side: .left).ids == [1, 3, 4, 2])
    }

    @Test func anUnknownLongWordFailsOnce() throws {
        // Every piece matches but the last: the whole word is unknown, found in one pass.
        let tokenizer = try TokenizerText(model: ["max_input_chars_per_word": "1000000000"]).load()
        let time = try seconds { () throws in
            let word = String(repeating: "a", count: 1_000_000) + "é中"
            #expect(try tokenizer.encode(word, addSpecialTokens: false).ids == [0, 0])
        }
        #expect(time < 20)
    }
}

/// The same for the tokenizers of language models.
@Suite struct LanguageLinearTimeTests {
    @Test(arguments: ["GPT-2", "Llama 3", "GPT-4o", "Llama 2", "T5", "unigram with bytes", "CLIP"])
    func repeatedCharacters(name: String) throws {
        let tokenizer = try #require(LanguageFixture.shared).load(name)
        let units = [
            ("a", 100_000), ("^", 1_000_000), ("_", 50_000), (" ", 200_000), ("\n", 200_000), ("中", 100_000),
        ]
        for (unit, count) in units {
            let text = String(repeating: unit, count: count)
            let clock = ContinuousClock()
            var encoding = try tokenizer.encode("")
            let time = try clock.measure { encoding = try tokenizer.encode(text) }
            #expect(time < .limit(seconds: 10), "\(name): \(count) times \(unit.debugDescription)")
            let first = encoding.offsets.first { !$0.isEmpty }
            if let first {
                #expect(
                    first.lowerBound <= 1
                        && encoding.offsets.last.map { $0.upperBound <= text.utf8.count } == true)
            }
        }
    }
}
