import Foundation
import TestSupport
import Testing

struct GenerateTests {
    private let model: SmallDecoder

    init() throws { model = try SmallDecoder() }

    private func attend(_ command: String, _ arguments: String..., input: String = "") throws
        -> Program.Outcome
    {
        try Program.attend([command, "--model", model.folder.path] + arguments, input: input)
    }

    private func object(_ outcome: Program.Outcome) throws -> [String: Any] {
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try #require(try outcome.json() as? [String: Any])
    }

    @Test func theFormsAgree() throws {
        let streamed = try attend("generate", "hello world", "-n", "12")
        #expect(streamed.code == 0, "\(streamed.errors)")
        let object = try object(try attend("generate", "hello world", "-n", "12", "--json"))
        #expect(Set(object.keys) == ["tokens", "text", "finish"])
        let tokens = try #require(object["tokens"] as? [Int])
        #expect(tokens.count == 12)
        #expect(object["finish"] as? String == "max-tokens")
        #expect(
            object["text"] as? String == tokens.filter { $0 > 1 }.map { SmallDecoder.tokens[$0] }.joined())
        #expect(streamed.text == (object["text"] as? String ?? "") + "\n")
        let echoed = try attend("generate", "hello world", "-n", "12", "--echo")
        #expect(echoed.text == "hello world" + streamed.text)
        let ids = "hello world".map { "\(SmallDecoder.tokens.firstIndex(of: String($0))!)" }.joined(
            separator: ",")
        #expect(try attend("generate", "--tokens", ids, "-n", "12").output == streamed.output)
        #expect(try attend("generate", "-", "-n", "12", input: "hello world\n").output == streamed.output)
        for threads in ["1", "3"] {
            let outcome = try attend("generate", "hello world", "-n", "12", "--threads", threads)
            #expect(outcome.output == streamed.output)
        }
        #expect(try attend("generate", "hello world", "-n", "12", "--lookup").output == streamed.output)
        let drafted = try attend(
            "generate", "hello world", "-n", "12", "--draft", model.folder.path, "--stats")
        #expect(drafted.output == streamed.output)
        #expect(drafted.errors.contains("guesses right"))
    }

    @Test func aSeedIsKept() throws {
        let arguments = [
            "generate", "--model", model.folder.path, "abc", "-n", "20", "--temperature", "1.2", "--json",
        ]
        let first = try object(try Program.attend(arguments))
        let seed = try #require(first["seed"] as? Int)
        let second = try object(try Program.attend(arguments + ["--seed", "\(seed)"]))
        #expect(first["tokens"] as? [Int] == second["tokens"] as? [Int])
        try model.write(#"{"do_sample": true, "temperature": 1.2, "top_k": 0}"#, to: "generation_config.json")
        let third = try object(
            try attend("generate", "abc", "-n", "20", "--json", "--seed", "\(seed)"))
        #expect(first["tokens"] as? [Int] == third["tokens"] as? [Int])
    }

    /// A top-k of 0 or −1 stands for all tokens, also where the model's settings name a number.
    @Test(arguments: ["0", "-1"]) func topKOfAll(_ count: String) throws {
        func text(_ more: String...) throws -> String {
            let outcome = try Program.attend(
                ["generate", "--model", model.folder.path, "abc", "-n", "12", "--temperature", "5"]
                    + ["--seed", "3"] + more)
            #expect(outcome.code == 0, "\(outcome.errors)")
            return outcome.text
        }
        let all = try text()
        try model.write(#"{"do_sample": true, "top_k": 1}"#, to: "generation_config.json")
        #expect(try text() != all)
        #expect(try text("--top-k", count) == all)
    }

    /// Options take precedence over generation_config.json, and ignored settings are named.
    @Test func theModelsSettings() throws {
        let plain = try object(try attend("generate", "abc", "-n", "12", "--json"))
        let tokens = try #require(plain["tokens"] as? [Int])
        try model.write(
            #"{"num_beams": 4, "max_new_tokens": 7, "suppress_tokens": [\#(tokens[0])], "no_repeat_ngram_size": 1}"#,
            to: "generation_config.json")
        let outcome = try attend("generate", "abc", "--json")
        #expect(outcome.errors.contains("generation_config.json: num_beams is not followed"))
        let found = try #require(try object(outcome)["tokens"] as? [Int])
        #expect(found.count <= 7 && Set(found).count == found.count && !found.contains(tokens[0]))
        let longer = try object(
            try attend("generate", "abc", "--json", "-n", "9", "--min-tokens", "9", "--no-repeat-ngram", "2"))
        #expect((longer["tokens"] as? [Int])?.count == 9)
        let beams = try attend("generate", "abc", "--json", "--beams", "3")
        let best = try #require(try object(beams)["tokens"] as? [Int])
        #expect(best.count <= 7 && !best.contains(tokens[0]) && Set(best).count == best.count)
    }

    @Test func logProbabilitiesAndThePrompt() throws {
        let object = try object(
            try attend("generate", "abc", "-n", "4", "--json", "--echo", "--logprobs", "2"))
        let generated = try #require(object["logprobs"] as? [[String: Any]])
        #expect(generated.count == 4)
        #expect(generated.compactMap { $0["token"] as? Int } == object["tokens"] as? [Int])
        #expect(generated.allSatisfy { ($0["top"] as? [Any])?.count == 2 })
        let prompt = try #require(object["prompt"] as? [String: Any])
        #expect(prompt["text"] as? String == "abc")
        #expect((prompt["logprobs"] as? [Any])?.count == 3)
        #expect((prompt["logprobs"] as? [Any])?.first is NSNull)
    }

    @Test func beams() throws {
        let object = try object(
            try attend("generate", "abc", "-n", "6", "--beams", "3", "--stop-tokens", "7", "--json"))
        let beams = try #require(object["beams"] as? [[String: Any]])
        #expect(beams.count == 3)
        #expect(beams[0]["text"] as? String == object["text"] as? String)
        let scores = beams.compactMap { $0["score"] as? Double }
        #expect(scores == scores.sorted(by: >))
        let plain = try attend("generate", "abc", "-n", "6", "--beams", "3", "--stop-tokens", "7")
        #expect(plain.text == (object["text"] as? String ?? "") + "\n")
    }

    /// A number is shown as it was written, not as what it overflows to.
    @Test(arguments: [
        "--temperature", "--top-p", "--min-p", "--typical-p", "--epsilon-cutoff", "--eta-cutoff",
        "--repetition-penalty", "--presence-penalty", "--frequency-penalty", "--length-penalty",
    ])
    func numbersThatAreTooLarge(_ option: String) throws {
        for text in ["1e300", "-1e39", "nan", "x"] {
            let outcome = try attend("generate", "a", option, text)
            expectFailure(outcome, 64, naming: option, "'\(text)'")
            #expect(!outcome.errors.contains("is inf"))
        }
        expectFailure(
            try attend("generate", "a", "--logit-bias", "3=1e99"), 64, naming: "'3=1e99'", "below 3.5e38")
    }

    @Test func theTableAndTheNumbersDoNotMix() throws {
        expectFailure(
            try attend("logits", "abc", "--top", "3", "--json"), 64, naming: "--top", "--json")
        let echoed = try object(try attend("generate", "abc", "-n", "3", "--beams", "2", "--json", "--echo"))
        #expect((echoed["prompt"] as? [String: Any])?["text"] as? String == "abc")
    }

    @Test func logits() throws {
        let object = try object(try attend("logits", "--tokens", "5,17,40", "--json"))
        let logits = try #require(object["logits"] as? [Double])
        #expect(logits.count == 64)
        let table = try attend("logits", "--tokens", "5,17,40", "--top", "3")
        #expect(table.lines.count == 4)
        let best = try #require(logits.indices.max { logits[$0] < logits[$1] })
        #expect(table.lines[1].split(separator: " ").contains("\(best)"))
        let next = try attend("generate", "--tokens", "5,17,40", "-n", "1", "--json")
        #expect((try next.json() as? [String: Any])?["tokens"] as? [Int] == [best])
    }

    @Test func perplexity() throws {
        let file = try model.write(String(repeating: "the cat sat on the mat ", count: 12), to: "text.txt")
        for arguments in [[], ["--halves", "--window", "40"], ["--window", "30", "--stride", "7"]] {
            let outcome = try Program.attend(
                ["perplexity", "--model", model.folder.path, "--file", file, "--json"] + arguments)
            let value = try #require(try object(outcome)["perplexity"] as? Double)
            #expect(value > 2 && value < 1e6)
        }
        let plain = try attend("perplexity", "--file", file)
        #expect(plain.text.contains(" over 275 tokens"))
        // Half a window of an odd length is rounded down.
        func odd(_ more: String...) throws -> String {
            let arguments = ["perplexity", "--model", model.folder.path, "--file", file, "--window", "31"]
            return try Program.attend(arguments + more).text
        }
        #expect(try odd() == odd("--stride", "15"))
        #expect(try odd() != odd("--stride", "16"))
        let two = try attend("perplexity", "--file", model.write("ab", to: "two.txt"))
        #expect(two.text.hasSuffix(" over 1 token\n") && !two.text.contains("±"), "\(two.text)")
        let empty = try model.write("", to: "empty.txt")
        expectFailure(try attend("perplexity", "--file", empty), 65, naming: "0 tokens", "at least 2")
        let line = try model.write("a\n", to: "line.txt")
        expectFailure(try attend("perplexity", "--file", line), 65, naming: "1 token;", "at least 2")
        expectFailure(
            try attend("perplexity", "--file", file, "--window", "40", "--halves", "--stride", "3"), 64,
            naming: "--halves", "--stride")
        expectFailure(try attend("perplexity", "--file", "nope.txt"), 66, naming: "nope.txt")
        expectFailure(try attend("perplexity", "--file", file, "--window", "65"), 64, naming: "64", "65")
    }

    @Test(arguments: [
        [], ["a", "--tokens", "1"], ["a", "-n", "0"], ["a", "--max-tokens", "-4"],
        ["a", "--max-tokens", "1.5"],
        ["a", "--temperature", "hot"], ["a", "--temperature", "-1"], ["a", "--temperature", "nan"],
        ["a", "--top-k", "-2"], ["a", "--top-p", "1.01"], ["a", "--seed", "-1"],
        ["a", "--seed", "18446744073709551616"], ["a", "--logprobs", "3"],
        ["a", "--json", "--logprobs", "-1"],
        ["a", "--logit-bias", "5"], ["a", "--logit-bias", "x=1"], ["a", "--logit-bias", "1=inf"],
        ["a", "--stop", ""], ["a", "--draft", "x", "--lookup"], ["a", "--context", "0"],
        ["a", "--context", "65"],
        ["a", "--beams", "0"], ["a", "--cache", "f8"], ["a", "--ignore-end", "--stop-tokens", "1"],
        ["a", "--beams", "2", "--temperature", "1"], ["a", "--beams", "2", "--seed", "1"],
        ["a", "--beams", "2", "--stop", "x"], ["a", "--length-penalty", "2"],
        ["a", "--early-stopping", "full"], ["-5 degrees"], ["a", "--min-tokens", "-1"],
        ["a", "-n", "3", "--min-tokens", "5"], ["a", "--min-tokens", "300"],
        ["a", "--beams", "2", "--min-tokens", "300"],
        ["a", "--no-repeat-ngram", "-1"], ["a", "--epsilon-cutoff", "x"], ["a", "--ban-sequence", "1,x"],
    ])
    func wrongUsage(_ arguments: [String]) throws {
        let outcome = try Program.attend(["generate", "--model", model.folder.path] + arguments)
        #expect(outcome.code == 64, "\(arguments): \(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func wrongTokensAndWrongData() throws {
        for (option, value) in [
            ("--ban", "2,64"), ("--ban-first", "2,64"), ("--ban-sequence", "2,64"), ("--stop-tokens", "2,64"),
            ("--logit-bias", "64=1"),
        ] {
            expectFailure(
                try attend("generate", "--tokens", "2", option, value), 64, naming: option, "64", "0 to 63")
        }
        expectFailure(try attend("generate", "--tokens", "2,64"), 64, naming: "--tokens: id 2", "0 to 63")
        let long = [String](repeating: "5", count: 64).joined(separator: ",")
        let tooLong = try attend("generate", "--tokens", long)
        expectFailure(tooLong, 65, naming: "64", "shorten the prompt")
        #expect(!tooLong.errors.contains("enlarge"))
        expectFailure(
            try attend("generate", "--tokens", "5,6,7", "--context", "3"), 65, naming: "to 64 at most")
        expectFailure(try attend("logits", "--tokens", long + ",5"), 65, naming: "65 tokens", "64")
        expectFailure(try attend("generate", ""), 65, naming: "empty")
        try FileManager.default.removeItem(at: model.folder.appendingPathComponent("tokenizer.json"))
        expectFailure(try attend("generate", "a"), 66, naming: "tokenizer.json")
        #expect(try attend("generate", "--tokens", "5,6", "-n", "3").text.split(separator: " ").count == 3)
    }

    /// A text that is cut is noted, and a failure where a whole one is required.
    @Test func saysThatATextWasCut() throws {
        let grammar = try model.write("root ::= \"no\" [0-4]{300}", to: "long.gbnf")
        let form = ["generate", "--model", model.folder.path, "a", "--grammar", grammar, "-n", "4"]
        let noted = try Program.attend(form)
        #expect(noted.code == 0 && noted.errors.contains("cut before it was whole"), "\(noted.errors)")
        for more in [[], ["--json"], ["--beams", "2"], ["--beams", "2", "--json"]] {
            let required = try Program.attend(form + more + ["--require-complete"])
            #expect(required.code == 75 && required.errors.contains(grammar), "\(required.errors)")
            #expect(!required.output.isEmpty)
        }
    }

    @Test func whatATextHasToFollow() throws {
        let grammar = try model.write("root ::= \"yes\" | \"no\" [0-4]{3}", to: "answer.gbnf")
        let schema = try model.write(#"{"enum": [12, 345]}"#, to: "schema.json")
        for seed in 0..<4 {
            let form = [
                "generate", "--model", model.folder.path, "abc", "--temperature", "3", "--seed", "\(seed)",
            ]
            let answer = try Program.attend(form + ["--grammar", grammar])
            #expect(
                answer.text.wholeMatch(of: /(yes|no[0-4]{3})\n/) != nil, "\(answer.text) \(answer.errors)")
            let number = try object(try Program.attend(form + ["--json-schema", schema, "--json"]))
            #expect(["12", "345"].contains(number["text"] as? String))
            #expect(number["finish"] as? String == "complete")
        }
        let best = try attend("generate", "abc", "--beams", "4", "--grammar", grammar)
        #expect(best.text.wholeMatch(of: /(yes|no[0-4]{3})\n/) != nil, "\(best.text) \(best.errors)")
        expectFailure(try attend("generate", "a", "--require-complete"), 64, naming: "--require-complete")
        expectFailure(try attend("generate", "a", "--grammar", "nope"), 66, naming: "nope")
        let damaged = try model.write("root ::= (", to: "damaged.gbnf")
        expectFailure(try attend("generate", "a", "--grammar", damaged), 65, naming: damaged)
        expectFailure(try attend("generate", "a", "--json-schema", grammar), 65, naming: grammar)
        expectFailure(
            try attend("generate", "a", "--json-schema", schema, "--grammar", grammar), 64, naming: "both")
    }
}
