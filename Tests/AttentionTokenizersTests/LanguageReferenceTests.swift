import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Identity with the reference implementations: byte-level BPE, SentencePiece and Unigram.
@Suite struct LanguageReferenceTests {
    static let fixture = LanguageFixture.shared

    @Test func everyCaseIsThere() throws {
        let fixture = try #require(Self.fixture)
        #expect(fixture.tokenizers.count == 16 && fixture.pieces.count == 4 && fixture.patterns.count == 17)
        #expect(fixture.texts.count > 45)
        #expect(fixture.tokenizers.allSatisfy { $0.results.count == fixture.texts.count })
    }

    @Test(arguments: (fixture?.tokenizers ?? []).indices)
    func encodesAndDecodes(index: Int) throws {
        let fixture = try #require(Self.fixture)
        let test = fixture.tokenizers[index]
        let tokenizer = try Tokenizer(json: fixture.json(of: test), name: test.name)
        for (text, expected) in zip(fixture.texts, test.results) {
            let comment: Comment = "\(test.name): \(text.debugDescription)"
            let encoding = try tokenizer.encode(text)
            #expect(encoding.ids == expected.ids, comment)
            #expect(encoding.offsets == bytes(expected.offsets, in: text), comment)
            let decoded = tokenizer.decode(encoding.ids, skipSpecialTokens: false)
            #expect(
                Array(decoded.unicodeScalars) == Array((expected.decoded ?? text).unicodeScalars), comment)
            // A run of byte tokens that is not UTF-8 as a whole has given its whole characters before.
            if test.name == "unigram with bytes", text == "<0x41><0xE4>" { continue }
            #expect(streamed(encoding.ids, by: tokenizer) == Array(decoded.unicodeScalars), comment)
        }
    }

    @Test(arguments: (fixture?.pieces ?? []).indices)
    func sentencePieceFiles(index: Int) throws {
        let fixture = try #require(Self.fixture)
        let test = fixture.pieces[index]
        let folder = try textFolder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("tokenizer.model")
        try test.model.write(to: file)
        let tokenizer = try Tokenizer(path: folder.path)
        for (text, ids) in zip(fixture.texts, test.ids) {
            let comment: Comment = "\(test.name): \(text.debugDescription)"
            #expect(try tokenizer.encode(text, addSpecialTokens: false).ids == ids, comment)
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            #expect(streamed(ids, by: tokenizer) == Array(decoded.unicodeScalars), comment)
        }
        // Llama begins texts with a token, T5 ends them with one.
        let whole = try tokenizer.encode("the").ids
        #expect(test.name.hasPrefix("unigram") ? whole.last == 2 : whole.first == 1)
        let config = #"{"add_bos_token": false, "add_eos_token": true}"#
        try Data(config.utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        let configured = try Tokenizer(path: file.path).encode("the").ids
        #expect(configured.first != 1 && configured.last == 2)
    }

    /// The reference counts scalars.
    private func bytes(_ offsets: [Int], in text: String) -> [Range<Int>] {
        let ends = text.unicodeScalars.reduce(into: [0]) { $0.append($0[$0.count - 1] + UTF8.width($1)) }
        return stride(from: 0, to: offsets.count, by: 2).map { ends[offsets[$0]]..<ends[offsets[$0 + 1]] }
    }

    private func streamed(_ ids: [Int], by tokenizer: Tokenizer) -> [Unicode.Scalar] {
        var stream = tokenizer.streamDecoder(skipSpecialTokens: false)
        let texts = ids.map { stream.append($0) } + [stream.finish()]
        return texts.flatMap { Array($0.unicodeScalars) }
    }
}
