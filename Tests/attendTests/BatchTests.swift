import Foundation
import TestSupport
import Testing

/// `attend batch` gives each line the text that it has alone, in order, whatever happens on the way.
struct BatchTests {
    private let model: SmallDecoder
    private var folder: URL { model.folder }

    init() throws { model = try SmallDecoder() }

    private func batch(_ lines: [String], _ arguments: String...) throws -> Program.Outcome {
        try (lines.joined(separator: "\n") + "\n").write(
            to: folder.appendingPathComponent("in.jsonl"), atomically: true, encoding: .utf8)
        return try Program.attend(
            ["batch", "--model", folder.path, "--input", "in.jsonl", "--output", "out.jsonl"] + arguments,
            in: folder)
    }

    private func answers() throws -> [[String: Any]] {
        try String(contentsOf: folder.appendingPathComponent("out.jsonl"), encoding: .utf8)
            .split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
    }

    private func alone(_ arguments: String...) throws -> [Int] {
        let outcome = try Program.attend(
            ["generate", "--model", folder.path, "--json"] + arguments, in: folder)
        return try #require((outcome.json() as? [String: Any])?["tokens"] as? [Int])
    }

    @Test func textsAreThoseOfGenerate() throws {
        let outcome = try batch(
            [
                #"{"id": 1, "prompt": "hello"}"#,
                #"{"id": "b", "prompt": "abc", "max_tokens": 3}"#,
                #"{"prompt": "abc", "temperature": 1.5, "seed": 7}"#,
                #"{"tokens": [4, 5, 6], "max_tokens": 20, "id": null}"#,
            ], "-n", "12", "--stats")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("generated in"))
        let answers = try answers()
        #expect(answers.count == 4)
        #expect(
            answers[0]["id"] as? Int == 1 && answers[1]["id"] as? String == "b" && answers[2]["id"] == nil)
        #expect(answers[0]["tokens"] as? [Int] == (try alone("hello", "-n", "12")))
        #expect(answers[1]["tokens"] as? [Int] == (try alone("abc", "-n", "3")))
        #expect(
            answers[2]["tokens"] as? [Int]
                == (try alone("abc", "-n", "12", "--temperature", "1.5", "--seed", "7")))
        #expect(answers[3]["tokens"] as? [Int] == (try alone("--tokens", "4,5,6", "-n", "20")))
        #expect(answers[0]["finish"] as? String == "max-tokens")
        #expect(answers[0]["prompt_tokens"] as? Int == 5)
        #expect(answers[2]["seed"] as? Int == 7 && answers[0]["seed"] == nil)
    }

    /// A failure is its line's alone, and says what is wrong.
    @Test func errorsOfLines() throws {
        let lines = [
            (#"{"id": 1, "prompt": "abc"}"#, ""), ("nonsense", "not valid JSON"), ("[]", "no JSON object"),
            (#"{"id": 4, "promt": "a"}"#, "'promt' is unknown"), (#"{"id": 5}"#, "nothing to continue"),
            (#"{"id": 6, "prompt": "a", "tokens": [4]}"#, "prompt and tokens"),
            (#"{"id": 7, "tokens": [4, 99999]}"#, "there is no token 99999"),
            (#"{"id": 8, "prompt": 3}"#, "prompt: expected a text"),
            (#"{"id": 9, "prompt": "a", "max_tokens": 0}"#, "max_tokens: expected"),
            (#"{"id": 10, "prompt": "a", "top_p": 7}"#, "top-p"),
            (#"{"id": 11, "messages": [{"role": "user", "content": "a"}]}"#, "chat template"),
            (#"{"id": [12], "prompt": "a"}"#, "id: expected"),
            (#"{"id": 13, "prompt": "a", "seed": -1}"#, "seed: expected"),
            (#"{"id": 14, "prompt": "a", "stop": [""]}"#, "stop string"), (#"{"prompt": "cba"}"#, ""),
        ]
        let outcome = try batch(lines.map(\.0), "-n", "4")
        #expect(outcome.code == 65)
        #expect(outcome.errors.contains("13 of 15 lines have no text"), "\(outcome.errors)")
        let answers = try answers()
        try #require(answers.count == lines.count)
        for (answer, line) in zip(answers, lines) {
            let error = answer["error"] as? String
            #expect(line.1.isEmpty ? error == nil : error?.contains(line.1) ?? false, "\(line): \(answer)")
        }
        #expect(answers[3]["id"] as? Int == 4)
        #expect(answers[14]["tokens"] as? [Int] == (try alone("cba", "-n", "4")))
    }

    /// Cut anywhere, even within a line, the output is completed to what it is without a cut.
    @Test func goesOnWhereItStopped() throws {
        let lines = (0..<9).map { #"{"id": \#($0), "prompt": "\#("abcdefghi".prefix($0 + 1))"}"# }
        #expect(try batch(lines, "-n", "5").code == 0)
        let file = folder.appendingPathComponent("out.jsonl")
        let whole = try Data(contentsOf: file)
        for length in [0, 1, whole.count / 3, whole.count / 2, whole.count - 1, whole.count] {
            try whole.prefix(length).write(to: file)
            #expect(try batch(lines, "-n", "5", "--parallel", "3").code == 0)
            #expect(try Data(contentsOf: file) == whole, "cut at \(length)")
        }
        // Answers to other lines are kept, and the mistake is said.
        let other = try batch(lines.reversed(), "-n", "5")
        #expect(other.code == 65 && other.errors.contains("line 1 is no answer to line 1"), "\(other.errors)")
        #expect(try Data(contentsOf: file) == whole)
        let fewer = try batch(Array(lines.prefix(3)), "-n", "5")
        #expect(fewer.code == 65 && fewer.errors.contains("--restart"))
        // A file that holds something else is not cut.
        try Data("{\"model_type\": \"llama\"}".utf8).write(to: file)
        #expect(try batch(lines, "-n", "5").code == 65)
        #expect(try Data(contentsOf: file) == Data("{\"model_type\": \"llama\"}".utf8))
        #expect(try batch(Array(lines.prefix(3)), "-n", "5", "--restart").code == 0)
        #expect(try answers().count == 3)
    }

    /// A process that is killed on the way leaves whole answers, and the next one goes on.
    @Test func killed() throws {
        let lines = (0..<60).map { #"{"id": \#($0), "prompt": "\#("abc".dropLast($0 % 3))"}"# }
        try (lines.joined(separator: "\n") + "\n").write(
            to: folder.appendingPathComponent("in.jsonl"), atomically: true, encoding: .utf8)
        let command =
            #""$ATTEND" batch --model . --input in.jsonl --output out.jsonl -n 40 --parallel 2 --seed 3 --temperature 1"#
        _ = try Program.shell("\(command) & sleep 0.2; kill -9 $!; wait $! 2>/dev/null; true", in: folder)
        #expect(try Program.shell(command, in: folder).code == 0)
        let after = try Data(contentsOf: folder.appendingPathComponent("out.jsonl"))
        #expect(try Program.shell("\(command) --restart", in: folder).code == 0)
        #expect(try Data(contentsOf: folder.appendingPathComponent("out.jsonl")) == after)
        #expect(try answers().count == 60)
    }

    @Test func mistakes() throws {
        let line = [#"{"prompt": "a"}"#]
        expectFailure(try batch(line, "--parallel", "0"), 64, naming: "--parallel", "1 to 1024")
        expectFailure(try batch(line, "--memory", "0"), 64, naming: "--memory")
        expectFailure(try batch(line, "--logprobs", "-1"), 64, naming: "--logprobs")
        expectFailure(
            try Program.attend(
                ["batch", "--model", folder.path, "--input", "none.jsonl", "--output", "o"], in: folder), 66,
            naming: "none.jsonl")
        expectFailure(
            try Program.attend(
                ["batch", "--model", folder.path, "--input", "in.jsonl", "--output", "no/where"], in: folder),
            73, naming: "no/where")
        for more in [[], ["--restart"]] {
            expectFailure(
                try Program.attend(
                    ["batch", "--model", folder.path, "--input", "in.jsonl", "--output", "./in.jsonl"] + more,
                    in: folder), 64, naming: "the same file")
        }
        #expect(
            try String(contentsOf: folder.appendingPathComponent("in.jsonl"), encoding: .utf8) == line[0]
                + "\n")
        let piped = try Program.attend(
            ["batch", "--model", folder.path, "--input", "-", "--output", "-", "-n", "2"],
            input: line[0] + "\n")
        #expect(piped.code == 0 && piped.text.contains("\"tokens\""), "\(piped.errors)")
    }
}
