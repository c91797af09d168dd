import Foundation
import TestSupport
import Testing

struct LookTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func look(_ arguments: String..., text: String = "the bank", input: String = "") throws
        -> Program.Outcome
    {
        try Program.attend(["look", "--model", model.folder.path, text] + arguments, input: input)
    }

    @Test func drawsTheLastLayerByDefault() throws {
        let outcome = try look()
        #expect(outcome.code == 0)
        #expect(outcome.errors == "")
        #expect(outcome.lines[0].hasSuffix("Layer 1, mean of its heads"))
        for token in ["[CLS]", "the", "bank", "[SEP]"] {
            #expect(outcome.lines.contains { $0.drop { $0 == " " }.hasPrefix(token) })
        }
        #expect(!outcome.text.contains("\u{1B}"))
        #expect(outcome.lines.allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: [
        (["--layer", "0"], "Layer 0, mean of its heads"), (["--head", "2"], "Layer 1, head 2"),
        (["--layer", "0", "--head", "3"], "Layer 0, head 3"), (["--rollout"], "Roll-out through all layers"),
    ])
    func drawsWhatIsChosen(_ options: [String], title: String) throws {
        let outcome = try Program.attend(["look", "--model", model.folder.path, "the bank"] + options)
        #expect(outcome.code == 0)
        #expect(outcome.lines[0].hasSuffix(title))
    }

    @Test func writesEveryKindOfFile() throws {
        let paths = ["html", "svg", "png", "json"].map {
            model.folder.appendingPathComponent("map.\($0)").path
        }
        let outcome = try look("--html", paths[0], "--svg", paths[1], "--png", paths[2], "--json", paths[3])
        #expect(outcome.code == 0)
        #expect(outcome.output.isEmpty)
        let files = try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        for path in paths { #expect(outcome.errors.contains("wrote \(path)")) }
        #expect(String(decoding: files[0], as: UTF8.self).contains("<!doctype html>"))
        #expect(String(decoding: files[1], as: UTF8.self).hasPrefix("<svg"))
        #expect(files[2].starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let object = try #require(try JSONSerialization.jsonObject(with: files[3]) as? [String: Any])
        #expect(Set(object.keys) == ["model", "text", "tokens", "layers", "heads", "weights"])
        #expect(object["layers"] as? [Int] == [0, 1])
        #expect(object["heads"] as? [Int] == [0, 1, 2, 3])
    }

    /// The weights of a run of tokens are the mean of its tokens' weights.
    @Test func aLongTextIsShownInRuns() throws {
        func numbers(_ more: String...) throws -> [String: Any] {
            let outcome = try Program.attend(
                [
                    "look", "--model", model.folder.path, "the bank", "--layer", "1", "--head", "2", "--json",
                    "-",
                ]
                    + more)
            return try #require(try outcome.json() as? [String: Any])
        }
        let whole = try numbers()
        let runs = try numbers("--resolution", "2")
        #expect(
            (runs["tokens"] as? [[String: Any]])?.compactMap { $0["text"] as? String } == [
                "[CLS] the", "bank [SEP]",
            ])
        let weights = try #require((whole["weights"] as? [[[[Double]]]])?[0][0])
        let shares = try #require((runs["weights"] as? [[[[Double]]]])?[0][0])
        for row in 0..<2 {
            for column in 0..<2 {
                let rows = weights[2 * row..<2 * row + 2]
                let mean = rows.map { $0[2 * column] + $0[2 * column + 1] }.reduce(0, +) / 2
                #expect(abs(shares[row][column] - mean) < 1e-6)
            }
        }
        #expect(
            try numbers("--resolution", "4")["tokens"] as? [[String: AnyHashable]] == whole["tokens"]
                as? [[String: AnyHashable]])
    }

    /// Special tokens can be hidden in maps with runs of tokens, because no run mixes them with other tokens.
    @Test func runsHideSpecialTokens() throws {
        let object = try #require(
            try look("--resolution", "3", "--json", "-", text: "the bank the bank").json() as? [String: Any])
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        #expect(tokens.compactMap { $0["isSpecial"] as? Bool } == [true, false, true])
        let outcome = try look("--resolution", "3", "--hide-special", text: "the bank the bank")
        #expect(outcome.code == 0)
        #expect(outcome.words.contains("Hidden: special tokens."))
    }

    /// The numbers leave out what the other forms leave out.
    @Test func theNumbersHideTokens() throws {
        func object(_ options: [String]) throws -> [String: Any] {
            let outcome = try Program.attend(
                ["look", "--model", model.folder.path, "the bank", "--layer", "1", "--json", "-"] + options)
            return try #require(try outcome.json() as? [String: Any])
        }
        for (options, kept) in [
            (["--hide-special"], ["the", "bank"]), (["--hide-first"], ["the", "bank", "[SEP]"]),
        ] {
            let found = try object(options)
            let keys = try #require(found["keys"] as? [[String: Any]])
            #expect(keys.compactMap { $0["text"] as? String } == kept)
            #expect((found["queries"] as? [Any])?.count == 4)
            let rows = try #require((found["weights"] as? [[[[Double]]]])?[0].joined())
            for row in rows { #expect(row.count == kept.count && abs(row.reduce(0, +) - 1) < 1e-5) }
        }
        expectFailure(
            try look("--hide-special", "--json", "-", text: ""), 65, naming: "special token")
    }

    /// A language model reads no more than it was made for.
    @Test func whatIsTooLongIsRefused() throws {
        let decoder = try SmallDecoder()
        func look(_ count: Int, _ options: String...) throws -> Program.Outcome {
            try Program.attend(
                ["look", "--model", decoder.folder.path, String(repeating: "a", count: count)] + options)
        }
        #expect(try look(64).code == 0)
        expectFailure(try look(65), 65, naming: "65 tokens", "at most 64")
        #expect(try look(62, "--generate", "2").code == 0)
        expectFailure(try look(62, "--generate", "3"), 65, naming: "--generate is 3", "room for 2")
        expectFailure(try look(1, "--generate", "9223372036854775807"), 65, naming: "--generate")
        expectFailure(try look(65, "--generate", "3"), 65, naming: "at most 64")
    }

    /// A mistake that shows once the model is known comes with the command's own usage.
    @Test func theUsageIsTheCommands() throws {
        expectFailure(try look("--generate", "3"), 64, naming: "--generate", "Usage: attend look --model")
    }

    @Test func thePageOpensOnTheChoice() throws {
        let page = model.folder.appendingPathComponent("page.html").path
        let outcome = try look("--hide-special", "--layer", "0", "--html", page)
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(outcome.code == 0)
        #expect(html.contains(#""start":{"first":false,"head":"mean","layer":"0","special":true}"#))
    }

    @Test(arguments: [["--resolution", "0"], ["--resolution", "-1"]])
    func resolutionsThatCannotBe(_ options: [String]) throws {
        let outcome = try Program.attend(["look", "--model", model.folder.path, "the bank"] + options)
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains("--resolution"))
    }

    @Test func theNumbersAreOfWhatIsChosen() throws {
        let outcome = try look("--layer", "1", "--head", "2", "--json", "-")
        let object = try #require(try outcome.json() as? [String: Any])
        #expect(object["layers"] as? [Int] == [1])
        #expect(object["heads"] as? [Int] == [2])
        let rows = try #require((object["weights"] as? [[[[Double]]]])?.first?.first)
        #expect(rows.count == 4)
        for row in rows { #expect(abs(row.reduce(0, +) - 1) < 1e-5) }
    }

    @Test func aPairIsTwoSegments() throws {
        let object = try #require(try look("--pair", "river", "--json", "-").json() as? [String: Any])
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        #expect(
            tokens.compactMap { $0["text"] as? String } == [
                "[CLS]", "the", "bank", "[SEP]", "river", "[SEP]",
            ])
        #expect(tokens.compactMap { $0["isSpecial"] as? Bool } == [true, false, false, true, false, true])
    }

    @Test func specialTokensCanBeHidden() throws {
        #expect(try look("--hide-special").words.contains("Hidden: special tokens."))
        #expect(
            try look("--hide-special", "--hide-first").words.contains("special tokens and the first token"))
        expectFailure(try look("--hide-special", text: ""), 65, naming: "special token")
        #expect(try look(text: "").code == 0)
    }

    @Test func aLongTextIsCutAndStillQuick() throws {
        let outcome = try look(text: "-", input: String(repeating: "a ", count: 100_000))
        #expect(outcome.code == 0)
        #expect(outcome.errors == "attend: note: the text has 100002 tokens; the model reads 40 of them.\n")
    }

    @Test(arguments: [
        ["--layer", "-1"], ["--layer", "2"], ["--layer", "9223372036854775807"], ["--layer", "x"],
        ["--head", "-1"], ["--head", "4"], ["--head", "9223372036854775808"], ["--rollout", "--layer", "0"],
        ["--rollout", "--json", "-"], ["--html", "-", "--svg", "-"], ["--png", ""], ["more", "words"],
    ])
    func wrongUsage(_ arguments: [String]) throws {
        let outcome = try Program.attend(["look", "--model", model.folder.path, "the bank"] + arguments)
        expectFailure(outcome, 64)
    }

    @Test(arguments: ["--html", "--svg", "--png", "--json"])
    func aFileThatCannotBeWritten(_ option: String) throws {
        let file = "\(model.folder.path)/nowhere/map"
        expectFailure(try look(option, file), 73, naming: file)
        expectFailure(try look(option, model.folder.path), 73, naming: model.folder.path)
    }
}

extension Program.Outcome {
    /// The output with one space between words, wherever its lines were broken.
    var words: String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
