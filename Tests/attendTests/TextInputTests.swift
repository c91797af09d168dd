import Foundation
import TestSupport
import Testing

/// Text from standard input is the text itself, but for one line ending at its end.
struct TextInputTests {
    private let folder: TemporaryFolder
    private let tokenizer: String

    /// A tokenizer of GPT-2's kind with a token for each byte, whose id is the byte.
    init() throws {
        folder = try TemporaryFolder()
        var next: UInt32 = 256
        let pieces = (0..<256).map { byte in
            let isShown = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            if !isShown { next += 1 }
            return String(Character(Unicode.Scalar(isShown ? UInt32(byte) : next - 1)!))
        }
        let file = GGUFBytes([
            ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("gpt-2")),
            ("tokenizer.ggml.tokens", .strings(pieces)), ("tokenizer.ggml.merges", .strings([])),
        ])
        tokenizer = try folder.write(file.bytes, to: "bytes.gguf")
    }

    private func bytes(of input: String) throws -> [Int] {
        let outcome = try Program.attend(["tokenize", "--model", tokenizer, "-", "--json"], input: input)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try #require((try outcome.json() as? [String: Any])?["ids"] as? [Int])
    }

    @Test(arguments: [
        "", "\u{B}", "\u{C}", "\r", "\u{85}", "\u{2028}", "\u{2029}", " ", "\t", "\n\r", "e\u{301}",
    ])
    func onlyOneLineEndingIsLost(_ end: String) throws {
        let text = "\u{FEFF}a\n\nb" + end
        let expected = text.utf8.map(Int.init)
        #expect(try bytes(of: text) == expected)
        #expect(try bytes(of: text + "\r\n") == expected)
        // After a return, a line feed belongs to it.
        if end != "\r" && end != "\n\r" { #expect(try bytes(of: text + "\n") == expected) }
        #expect(try bytes(of: text + "\n\n") == expected + [10])
        #expect(try bytes(of: text + "\n\r\n") == expected + [10])
    }

    /// Nothing on standard input is a mistake everywhere; an empty argument is meant.
    @Test func anEmptyInput() throws {
        let (encoder, decoder) = (try SmallModel(), try SmallDecoder())
        for (command, model) in [
            ("tokenize", tokenizer), ("look", encoder.folder.path), ("embed", encoder.folder.path),
            ("look", decoder.folder.path), ("generate", decoder.folder.path),
            ("logits", decoder.folder.path),
        ] {
            for input in ["", "\n"] {
                let outcome = try Program.attend([command, "--model", model, "-"], input: input)
                expectFailure(outcome, 65, naming: "standard input is empty")
            }
        }
        #expect(try Program.attend(["tokenize", "--model", tokenizer, ""]).code == 0)
    }

    /// Lines end at `\n` and `\r\n`, and nowhere else.
    @Test func linesEndAtLineFeeds() throws {
        let model = try SmallModel()
        let outcome = try Program.attend(
            ["rank", "--model", model.folder.path, "--query", "a", "--file", "-", "--json"],
            input: "a\u{85}b\r\nc\u{2028}d\re\nf\u{B}g\u{C}\r\n")
        let object = try outcome.json() as? [String: Any]
        let texts = (object?["matches"] as? [[String: Any]])?.compactMap { $0["text"] as? String }
        #expect(
            Set((texts ?? []).map { Array($0.utf8) })
                == Set(["a\u{85}b", "c\u{2028}d\re", "f\u{B}g\u{C}"].map { Array($0.utf8) }))
    }
}
