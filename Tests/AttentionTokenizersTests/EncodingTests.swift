import AttentionTokenizers
import Foundation
import Testing

@Suite struct EncodingTests {
    @Test func tokensKnowTheirPlaceInTheText() throws {
        let text = "ÚNABLE, a\u{301}\u{200D}a 中"
        let encoding = try TokenizerText().load().encode(text, pair: "un")
        #expect(
            encoding.tokens
                == ["[CLS]", "un", "##able", "[UNK]", "a", "##a", "[UNK]", "[SEP]", "un", "[SEP]"])
        #expect(encoding.sequences == [nil, 0, 0, 0, 0, 0, 0, nil, 1, nil])
        #expect(encoding.words == [nil, 0, 0, 1, 2, 2, 3, nil, 0, nil])
        #expect(encoding.offsets[1...6] == [0..<3, 3..<7, 7..<8, 9..<10, 15..<16, 17..<20])
        // As bytes: the second "a" is one character with the accent and the joiner before it.
        let places = (1...6).map { encoding.substring(ofToken: $0, in: text).map { Array($0.utf8) } }
        #expect(places == ["ÚN", "ABLE", ",", "a", "a", "中"].map { Array($0.utf8) })
        #expect(encoding.substring(ofToken: 0, in: text) == nil)
        #expect(encoding.substring(ofToken: 8, in: "un") == "un")
        #expect(encoding.range(ofToken: 6, in: "short") == nil)
        #expect(encoding.range(ofToken: 1, in: "a中") == nil)
    }

    @Test func lengthsThatCannotBe() throws {
        let tokenizer = try TokenizerText().load()
        for length in [-1, 0, 1, Int.min] {
            let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("a", maxLength: length) }
            guard case .cannotTruncate(length, _) = error else {
                Issue.record("\(length)")
                continue
            }
        }
        #expect(try tokenizer.encode("a", maxLength: 2).ids == [1, 2])
        #expect(try tokenizer.encode("a", maxLength: .max).ids == [1, 6, 2])
        #expect(try tokenizer.encode("a", addSpecialTokens: false, maxLength: 0).ids.isEmpty)
    }

    @Test func idsThatNoTokenHas() throws {
        let tokenizer = try TokenizerText(model: [
            "vocab": #"{"[UNK]": 7, "[CLS]": 1, "[SEP]": 2, "a": 2147483647}"#
        ])
        .load()
        #expect(tokenizer.decode([Int(Int32.max), -1, 0, 3, .max, .min, 7]) == "a [UNK]")
        #expect(tokenizer.token(of: 7) == "[UNK]" && tokenizer.token(of: 3) == nil)
        #expect(tokenizer.id(of: "a") == 2_147_483_647 && tokenizer.id(of: "b") == nil)
        #expect(tokenizer.vocabularySize == 4)
    }
}
