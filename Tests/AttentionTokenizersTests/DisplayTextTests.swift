import AttentionTokenizers
import Foundation
import Testing

/// Tokens as readable text.
@Suite struct DisplayTextTests {
    private func shown(
        _ vocabulary: [String], decoder: String, special: String = "<s>"
    ) throws -> [String?] {
        let ids = vocabulary.enumerated().map { "\(String(reflecting: $1)): \($0)" }.joined(separator: ", ")
        let json = """
            {"model": {"type": "BPE", "vocab": {\(ids)}, "merges": []}, "decoder": \(decoder),
             "added_tokens": [{"id": \(vocabulary.firstIndex(of: special) ?? 999), "content": \(String(reflecting: special)),
              "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}]}
            """
        let tokenizer = try Tokenizer(json: Array(json.utf8), name: "t.json")
        return vocabulary.indices.map { tokenizer.displayText(ofToken: $0) }
    }

    @Test func byteLevelTokensAreCharacters() throws {
        let texts = try shown(
            ["<s>", "Ġthe", "ä½", "Ġä½", "ł", "ä½ł", "ä½łä½", "Ċ", "łĠa", "ð", "é", "中"],
            decoder: #"{"type": "ByteLevel"}"#)
        #expect(
            texts == [
                "<s>", " the", "<E4 BD>", " <E4 BD>", "<A0>", "你", "你<E4 BD>", "\n", "<A0> a", "<F0>",
                "<E9>", "中",
            ])
    }

    @Test func sentencePieceTokensAreCharacters() throws {
        let decoder = """
            {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
             {"type": "ByteFallback"}, {"type": "Fuse"},
             {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
            """
        let texts = try shown(["<s>", "▁the", "<0xE4>", "<0x0A>", "▁▁", "<0xE4"], decoder: decoder)
        #expect(texts == ["<s>", " the", "<E4>", "\n", "  ", "<0xE4"])
    }

    @Test func wordPiecesAreAsTheVocabularyHasThem() throws {
        let tokenizer = try TokenizerText().load()
        #expect(tokenizer.displayText(ofToken: 4) == "##able" && tokenizer.displayText(ofToken: 3) == "un")
        #expect(tokenizer.displayText(ofToken: 99) == nil && tokenizer.displayText(ofToken: -1) == nil)
        let encoding = try tokenizer.encode("unable")
        #expect(
            encoding.ids.indices.map { tokenizer.displayText(ofToken: $0, in: encoding) }
                == ["[CLS]", "un", "##able", "[SEP]"])
    }

    @Test func everyByteOfTheAlphabet() throws {
        // By itself, what is not ASCII is only part of a character.
        var (alphabet, expected, next) = ([String](), [String](), UInt32(0x100))
        for byte in UInt8.min...UInt8.max where byte != 0x22 && byte != 0x27 && byte != 0x5C {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: alphabet.append(String(Unicode.Scalar(byte)))
            default:
                alphabet.append(Unicode.Scalar(next).map { String($0) } ?? "")
                next += 1
            }
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            expected.append(byte < 0x80 ? String(Unicode.Scalar(byte)) : "<\(hexadecimal)>")
        }
        let texts = try shown(alphabet, decoder: #"{"type": "ByteLevel"}"#, special: "alphabet")
        #expect(texts == expected)
    }
}
