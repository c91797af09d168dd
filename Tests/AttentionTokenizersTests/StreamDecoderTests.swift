import AttentionTokenizers
import Foundation
import Testing

@Suite struct StreamDecoderTests {
    private func tokenizer(_ name: String) throws -> Tokenizer {
        try #require(LanguageFixture.shared).load(name)
    }

    @Test(arguments: ["GPT-2", "Llama 2", "unigram with bytes"])
    func charactersAreNeverCut(name: String) throws {
        let tokenizer = try tokenizer(name)
        let text = "a😀👩‍👩‍👧é中\u{301}"
        let ids = try tokenizer.encode(text, addSpecialTokens: false).ids
        #expect(ids.count > 20)
        var stream = tokenizer.streamDecoder()
        var texts: [String] = []
        for id in ids { texts.append(stream.append(id)) }
        #expect(texts.allSatisfy { !$0.unicodeScalars.contains("\u{FFFD}") })
        // Every character comes with its last byte.
        #expect(texts.contains("😀") && texts.contains("中") && texts.count(where: \.isEmpty) > 10)
        #expect(stream.finish().isEmpty)
        #expect(Array(texts.joined().unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test func bytesThatAreNoCharacter() throws {
        let bytes = try tokenizer("GPT-2")
        // F0, 9F, 98 and 80, the bytes of 😀.
        let ids = try ["ð", "Ł", "ĺ", "Ģ"].map { try #require(bytes.id(of: $0)) }
        #expect(bytes.decode(ids) == "😀")
        var stream = bytes.streamDecoder()
        #expect(stream.append(ids[0]) == "" && stream.append(ids[1]) == "")
        #expect(stream.finish() == "\u{FFFD}")
        // After its end it begins anew.
        #expect(stream.append(ids[0]) == "" && stream.append(ids[0]) == "\u{FFFD}")
        #expect(stream.append(ids[2]) == "" && stream.append(ids[0]) == "\u{FFFD}")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(bytes.decode([ids[0], ids[0], ids[2], ids[0]]) == "\u{FFFD}\u{FFFD}\u{FFFD}")

        let pieces = try tokenizer("Llama 2")
        let byte = try (0...255).map { (byte: Int) in
            let name = "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
            return try #require(pieces.id(of: name))
        }
        var fallback = pieces.streamDecoder()
        #expect(fallback.append(byte[0xE4]) == "" && fallback.append(byte[0xB8]) == "")
        #expect(fallback.append(byte[0xAD]) == "中")
        #expect(fallback.append(byte[0xFF]) == "" && fallback.append(byte[0x41]) == "")
        #expect(fallback.finish() == "\u{FFFD}\u{FFFD}")
        // All at once the run is one, which is not UTF-8 as a whole.
        #expect(
            pieces.decode([byte[0xE4], byte[0xB8], byte[0xAD], byte[0xFF]])
                == String(repeating: "\u{FFFD}", count: 4))
    }

    @Test func randomTokens() throws {
        var random = SplitMix(state: 11)
        for test in try #require(LanguageFixture.shared).tokenizers {
            let tokenizer = try tokenizer(test.name)
            for _ in 0..<20 {
                let ids = (0..<30).map { _ in Int.random(in: 0..<tokenizer.vocabularySize + 2, using: &random)
                }
                var stream = tokenizer.streamDecoder()
                var text = ""
                for id in ids { text += stream.append(id) }
                text += stream.finish()
                let whole = tokenizer.decode(ids)
                // Only runs of byte tokens that are no UTF-8 may differ, in how many characters stand for
                // them.
                if !whole.unicodeScalars.contains("\u{FFFD}")
                    || test.sections.contains(#""decoder":{"type":"ByteLevel""#)
                {
                    #expect(Array(text.unicodeScalars) == Array(whole.unicodeScalars), "\(test.name) \(ids)")
                }
            }
        }
    }

    @Test func specialTokensAndUnknownIDs() throws {
        let tokenizer = try tokenizer("GPT-2")
        let end = try #require(tokenizer.id(of: "<|end|>"))
        var stream = tokenizer.streamDecoder()
        #expect(stream.append(end) == "" && stream.append(-1) == "" && stream.append(.max) == "")
        var whole = tokenizer.streamDecoder(skipSpecialTokens: false)
        #expect(whole.append(end) == "<|end|>")
    }
}
