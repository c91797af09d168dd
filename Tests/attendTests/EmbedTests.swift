import Foundation
import TestSupport
import Testing

struct EmbedTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func embed(_ arguments: String..., input: String = "") throws -> Program.Outcome {
        try Program.attend(["embed", "--model", model.folder.path] + arguments, input: input)
    }

    @Test func printsALineOfNumbersForEachText() throws {
        let outcome = try embed("the bank", "", "river money!")
        #expect(outcome.code == 0)
        #expect(outcome.errors == "")
        #expect(outcome.lines.count == 3)
        for line in outcome.lines {
            #expect(line.split(separator: " ").compactMap { Float($0) }.count == 24)
        }
    }

    @Test func oneTextAsJSONIsOneObject() throws {
        let outcome = try embed("the bank", "--json")
        let object = try #require(try outcome.json() as? [String: Any])
        #expect(Set(object.keys) == ["ids", "embedding"])
        #expect(object["ids"] as? [Int] == [2, 7, 8, 3])
        #expect((object["embedding"] as? [Double])?.count == 24)
    }

    @Test func tokensAreTakenAsTheyAre() throws {
        let outcome = try embed("--tokens", "2,7,8,3", "--hidden", "--json")
        let object = try #require(try outcome.json() as? [String: Any])
        #expect(Set(object.keys) == ["ids", "embedding", "hidden"])
        #expect(object["ids"] as? [Int] == [2, 7, 8, 3])
        let hidden = try #require(object["hidden"] as? [[Double]])
        #expect(hidden.map(\.count) == [24, 24, 24, 24])
        let mean = (0..<24).map { channel in hidden.reduce(0) { $0 + $1[channel] } / 4 }
        let embedding = try #require(object["embedding"] as? [Double])
        #expect(zip(mean, embedding).allSatisfy { abs($0 - $1) < 1e-6 })
        let ofText = try embed("the bank", "--hidden", "--json")
        #expect(ofText.output == outcome.output)
        let short = try embed("--tokens", "7", "--json")
        #expect((try short.json() as? [String: Any])?["ids"] as? [Int] == [7])
    }

    /// The text form and JSON give the same float32s, and hidden states stand in the embedding's place.
    @Test func theFormsAgree() throws {
        let object = try #require(try embed("the bank", "--hidden", "--json").json() as? [String: Any])
        let embedding = try #require(object["embedding"] as? [Double]).map { Float($0) }
        #expect(try embed("the bank").lines[0].split(separator: " ").map { Float($0) } == embedding)
        let hidden = try #require(object["hidden"] as? [[Double]]).map { $0.map { Float($0) } }
        let lines = try embed("the bank", "--hidden").lines
        #expect(lines.last == "")
        #expect(lines.dropLast().map { $0.split(separator: " ").compactMap { Float($0) } } == hidden)
    }

    @Test(arguments: [
        "a\nthe bank\n\nriver\n", "a\nthe bank\n\nriver", "a\r\nthe bank\r\n\r\nriver\r\n",
        "\u{FEFF}a\nthe bank\n\nriver\n",
    ])
    func aFileIsReadLineByLine(_ content: String) throws {
        let expected = try embed("a", "the bank", "", "river").output
        let file = try model.write(content, to: "texts.txt")
        #expect(try embed("--file", file).output == expected)
        #expect(try embed("--file", "-", input: content).output == expected)
    }

    @Test func manyTextsAsJSONAreOneObjectALine() throws {
        let texts = (0..<600).map { "a bank \($0)" }
        let file = try model.write(texts.joined(separator: "\n"), to: "texts.txt")
        let outcome = try embed("--file", file, "--json")
        #expect(outcome.lines.count == 600)
        #expect(outcome.errors == "")
        let alone = try embed(texts[599], "--json")
        #expect(outcome.lines[599] == alone.lines[0])
    }

    @Test func standardInputIsOneText() throws {
        #expect(try embed("-", input: "the bank\n").output == embed("the bank").output)
    }

    @Test(arguments: ["", "\n", "\r\n"])
    func standardInputWithoutATextIsAnError(_ input: String) throws {
        expectFailure(try embed("-", input: input), 65, naming: "standard input", "empty")
        #expect(try embed("").code == 0)
    }

    @Test func promptsStandBeforeTexts() throws {
        try model.describeSentences(steps: ["Transformer", "Pooling"], pooling: "{}")
        let expected = try embed("money the bank").output
        #expect(try embed("the bank", "--prompt", "money ").output == expected)
        try model.write(
            #"{"prompts": {"query": "money ", "b": "river "}, "default_prompt_name": "query"}"#,
            to: "config_sentence_transformers.json")
        #expect(try embed("the bank").output == expected)
        #expect(try embed("the bank", "--prompt-name", "query").output == expected)
        #expect(try embed("money the bank", "--prompt", "").output == expected)
        #expect(
            try embed("the bank", "--prompt-name", "b").output
                == embed("river the bank", "--prompt", "").output)
        expectFailure(try embed("the bank", "--prompt-name", "c"), 64, naming: "'c'", "'query', 'b'")
    }

    @Test func rankPutsThePromptsOfQueriesAndDocuments() throws {
        try model.describeSentences(steps: ["Transformer", "Pooling"], pooling: "{}")
        let file = try model.write("the bank\nriver\n", to: "texts.txt")
        func rank(_ query: String, _ options: String...) throws -> Data {
            try Program.attend(
                ["rank", "--model", model.folder.path, "--query", query, "--file", file] + options
            ).output
        }
        let expected = try rank("money a", "--document-prompt", "b ")
        #expect(try rank("a", "--query-prompt", "money ", "--document-prompt", "b ") == expected)
        try model.write(
            #"{"prompts": {"query": "money ", "document": "b "}}"#, to: "config_sentence_transformers.json")
        #expect(try rank("a") == expected)
        #expect(try rank("a", "--query-prompt", "") != expected)
    }

    @Test func whatIsNotFollowedIsNoted() throws {
        try model.describeSentences(
            steps: ["Transformer", "Pooling"], pooling: "{}",
            lengths: #"{"model_args": {"dtype": "float16"}}"#)
        let outcome = try embed("the bank", "river")
        #expect(outcome.code == 0 && outcome.lines.count == 2)
        #expect(outcome.errors.hasPrefix("attend: note: ") && outcome.errors.contains("model_args.dtype"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test func tokensNeedNoTokenizer() throws {
        let expected = try embed("--tokens", "2,7,8,3").output
        try FileManager.default.removeItem(at: model.folder.appendingPathComponent("vocab.txt"))
        let outcome = try embed("--tokens", "2,7,8,3")
        #expect(outcome.code == 0 && outcome.output == expected)
        expectFailure(try embed("the bank"), 66, naming: "tokenizer.json")
    }

    @Test func encodersInGGUFFiles() throws {
        let path = Locations.fixture("AttentionModelsTests", "nomic-bert/model.gguf").path
        let outcome = try Program.attend(["embed", "--model", path, "the banks", "--json"])
        #expect((try outcome.json() as? [String: Any])?["ids"] as? [Int] == [2, 5, 6, 7, 3])
        let look = try Program.attend(["look", "--model", path, "the bank"])
        #expect(look.code == 0 && look.errors == "")
    }

    @Test func threadsDoNotChangeTheNumbers() throws {
        let outputs = try ["1", "2", "3"].map { try embed("the bank", "river", "--threads", $0).output }
        #expect(Set(outputs).count == 1)
    }

    @Test func aCutTextIsSaid() throws {
        let outcome = try embed(String(repeating: "a ", count: 50))
        #expect(outcome.code == 0)
        #expect(outcome.errors == "attend: note: the text has 52 tokens; the model reads 40 of them.\n")
        let several = try embed(String(repeating: "a ", count: 50), "b")
        #expect(several.errors == "attend: note: 1 of 2 texts are cut: the model reads 40 tokens of each.\n")
    }

    @Test(arguments: [
        ["--tokens", "1,,2"], ["--tokens", "abc"], ["--tokens", "-5"], ["--tokens", ""], ["--tokens", "1,"],
        ["--tokens", "9223372036854775808"], ["--tokens", "1.5"], ["--tokens", "0x10"], ["--tokens", "1 2"],
        ["--tokens", "1", "a"], ["a", "--file", "b"], [], ["a", "--threads", "0"], ["a", "--threads", "-1"],
        ["a", "--threads", "257"], ["a", "--nonsense"], ["a", "--tokens"],
        ["a", "--prompt", "b", "--prompt-name", "c"], ["--tokens", "1", "--prompt", "b"],
        ["--tokens", "1", "--prompt-name", "b"],
    ])
    func wrongUsage(_ arguments: [String]) throws {
        let outcome = try Program.attend(["embed", "--model", model.folder.path] + arguments)
        expectFailure(outcome, 64, naming: "attend embed")
    }

    @Test func tokensThatTheModelDoesNotHave() throws {
        expectFailure(try embed("--tokens", "2,999999"), 64, naming: "id 2", "999999", "0 to 99")
        expectFailure(try embed("--tokens", "9223372036854775807"), 64, naming: "id 1")
        let long = [String](repeating: "5", count: 41).joined(separator: ",")
        expectFailure(try embed("--tokens", long), 65, naming: "41", "40")
    }
}
