import Foundation
import TestSupport
import Testing

struct TokenizeTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func tokenize(_ arguments: String..., input: String = "") throws -> Program.Outcome {
        try Program.attend(["tokenize", "--model", model.folder.path] + arguments, input: input)
    }

    @Test func printsATable() throws {
        let outcome = try tokenize("The banks, é!")
        #expect(outcome.code == 0)
        #expect(
            outcome.text == """
                token  id  bytes  text
                [CLS]   2
                the     7    0–3  The
                bank    8    4–8  bank
                ##s    11    8–9  s
                [UNK]   1   9–10  ,
                e      20  11–13  é
                !       6  13–14  !
                [SEP]   3

                """)
    }

    @Test func theJSONHasTheSameTokens() throws {
        let object = try #require(
            try tokenize("The banks", "--pair", "a river", "--json").json() as? [String: Any])
        #expect(Set(object.keys) == ["tokens", "ids", "offsets", "types"])
        #expect(
            object["tokens"] as? [String]
                == ["[CLS]", "the", "bank", "##s", "[SEP]", "a", "river", "[SEP]"])
        #expect(object["ids"] as? [Int] == [2, 7, 8, 11, 3, 12, 9, 3])
        #expect(
            object["offsets"] as? [[Int]]
                == [[0, 0], [0, 3], [4, 8], [8, 9], [0, 0], [0, 1], [2, 7], [0, 0]])
        #expect(object["types"] as? [Int] == [0, 0, 0, 0, 0, 1, 1, 1])
    }

    @Test func specialTokensCanBeLeftOut() throws {
        let outcome = try tokenize("The banks", "--no-special-tokens", "--json")
        #expect((try outcome.json() as? [String: Any])?["ids"] as? [Int] == [7, 8, 11])
        #expect(try tokenize("", "--no-special-tokens").lines.count == 1)
    }

    @Test func theModelMayBeAFile() throws {
        let expected = try tokenize("The banks").output
        let file = model.folder.appendingPathComponent("vocab.txt").path
        #expect(try Program.attend(["tokenize", "--model", file, "The banks"]).output == expected)
        let relative = try Program.attend(
            ["tokenize", "--model", "vocab.txt", "The banks"], in: model.folder)
        #expect(relative.output == expected)
    }

    @Test func theModelMayBeAGGUFFileWithoutTensors() throws {
        let key = "tokenizer.ggml."
        let bytes = GGUFBytes([
            (key + "model", .string("gpt2")), (key + "pre", .string("gpt-2")),
            (key + "tokens", .strings(["a", "b", "ab", "Ġ"])), (key + "merges", .strings(["a b"])),
        ]).bytes
        let file = model.folder.appendingPathComponent("vocabulary.gguf")
        try Data(bytes).write(to: file)
        let outcome = try Program.attend(["tokenize", "--model", file.path, "ab b", "--json"])
        #expect((try outcome.json() as? [String: Any])?["ids"] as? [Int] == [2, 3, 1])
        try Data(bytes.dropLast(3)).write(to: file)
        expectFailure(try Program.attend(["tokenize", "--model", file.path, "a"]), 65, naming: file.path)
    }

    @Test func longTextsAreNotCut() throws {
        let text = String(repeating: "a", count: 200_000) + String(repeating: " a", count: 100_000)
        let outcome = try tokenize("-", "--json", input: text)
        #expect(((try outcome.json() as? [String: Any])?["ids"] as? [Int])?.count == 100_003)
    }

    @Test func aTokenizerThatCannotBeUsed() throws {
        for content in ["", "{", "[]", #"{"model": {"type": "Nonsense"}}"#] {
            let file = try model.write(content, to: "tokenizer.json")
            expectFailure(try Program.attend(["tokenize", "--model", file, "a"]), 65, naming: file)
            expectFailure(try tokenize("a"), 65, naming: file)
        }
        expectFailure(try Program.attend(["tokenize", "--model", "nope.json", "a"]), 66, naming: "nope.json")
    }
}
