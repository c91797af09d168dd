import AttentionTokenizers
import Foundation
import TestSupport
import Testing

@Suite struct FolderTests {
    private static let lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\na\né\n##b\na\n"

    private func load(_ files: [String: String]) throws -> Tokenizer {
        let folder = try textFolder(files)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try Tokenizer(path: folder.path)
    }

    @Test func vocabularyFile() throws {
        let tokenizer = try load(["vocab.txt": Self.lines])
        // Of two equal lines the last one counts.
        #expect(try tokenizer.encode("Áb [MASK] x").ids == [2, 9, 8, 4, 1, 3])
        #expect(tokenizer.token(of: 6) == "a" && tokenizer.modelMaxLength == nil)
        let windows = try load(["vocab.txt": Self.lines.replacingOccurrences(of: "\n", with: "\r\n")])
        #expect(try windows.encode("Áb [MASK] x").ids == [2, 9, 8, 4, 1, 3])
    }

    @Test func configurationDecidesHowTextIsNormalized() throws {
        let config = #"""
            {"do_lower_case": false, "model_max_length": 1000000000000000019884624838656,
             "cls_token": {"content": "[MASK]", "special": true}}
            """#
        let tokenizer = try load(["vocab.txt": Self.lines, "tokenizer_config.json": config])
        #expect(try tokenizer.encode("A é").ids == [4, 5, 7, 3])
        #expect(tokenizer.modelMaxLength == nil)
        let limited = try load([
            "vocab.txt": Self.lines, "tokenizer_config.json": #"{"model_max_length": 512}"#,
        ])
        #expect(limited.modelMaxLength == 512)
        #expect(throws: TokenizerError.self) {
            try load(["vocab.txt": Self.lines, "tokenizer_config.json": #"{"model_max_length": -1}"#])
        }
    }

    @Test func tokenizerJSONIsPreferred() throws {
        let json = String(decoding: TokenizerText().bytes, as: UTF8.self)
        let tokenizer = try load(["vocab.txt": Self.lines, "tokenizer.json": json])
        #expect(try tokenizer.encode("un").ids == [1, 3, 2])
    }

    @Test func whatIsMissingIsNamed() throws {
        let nowhere = URL(fileURLWithPath: "/nowhere/at/all")
        #expect(
            throws: TokenizerError.unreadableFile(
                file: nowhere.path, reason: "there is no such file or folder")
        ) { try Tokenizer(path: nowhere.path) }
        let folder = try textFolder(["readme.md": ""])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: TokenizerError.noTokenizerFile(folder: folder.path)) {
            try Tokenizer(path: folder.path)
        }
        for lines in ["", "[UNK]", "[UNK]\n[CLS]", "a\nb"] {
            let error = #expect(throws: TokenizerError.self) { try load(["vocab.txt": lines]) }
            guard case .unknownToken = error else {
                Issue.record("\(lines)")
                continue
            }
        }
        #expect(throws: TokenizerError.self) { try load(["tokenizer.json": ""]) }
    }
}
