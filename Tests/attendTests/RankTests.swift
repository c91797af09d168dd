import Foundation
import TestSupport
import Testing

struct RankTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func rank(_ arguments: String..., input: String = "") throws -> Program.Outcome {
        try Program.attend(
            ["rank", "--model", model.folder.path, "--query", "the bank"] + arguments, input: input)
    }

    private static let lines = "river\n\nthe bank\n  \nmoney!\nthe bank"

    @Test func printsScoreLineAndText() throws {
        let outcome = try rank("--file", "-", input: Self.lines)
        #expect(outcome.code == 0)
        #expect(outcome.errors == "")
        #expect(outcome.lines.count == 4)
        #expect(outcome.lines[0] == " 1.0000  3  the bank")
        #expect(outcome.lines[1] == " 1.0000  6  the bank")
    }

    @Test func theJSONHasTheSameMatches() throws {
        let object = try #require(
            try rank("--file", "-", "--json", input: Self.lines).json() as? [String: Any])
        #expect(Set(object.keys) == ["query", "matches"])
        #expect(object["query"] as? String == "the bank")
        let matches = try #require(object["matches"] as? [[String: Any]])
        #expect(matches.allSatisfy { Set($0.keys) == ["score", "line", "text"] })
        #expect(matches.prefix(2).map { $0["line"] as? Int } == [3, 6])
        #expect(Set(matches.compactMap { $0["line"] as? Int }) == [1, 3, 5, 6])
        let scores = matches.compactMap { $0["score"] as? Double }
        #expect(scores == scores.sorted(by: >))
    }

    @Test(arguments: [("1", 1), ("3", 3), ("4", 4), ("1000000", 4), ("9223372036854775807", 4)])
    func topLimitsTheMatches(_ top: String, count: Int) throws {
        #expect(try rank("--file", "-", "--top", top, input: Self.lines).lines.count == count)
    }

    @Test(arguments: ["0", "-1", "x", "9223372036854775808", "1.5", ""])
    func aWrongTop(_ top: String) throws {
        expectFailure(try rank("--file", "-", "--top", top, input: Self.lines), 64, naming: "--top")
    }

    @Test(arguments: ["", "\n\n", "   \n\t\n"])
    func aFileWithoutText(_ content: String) throws {
        let file = try model.write(content, to: "lines.txt")
        expectFailure(try rank("--file", file), 65, naming: file, "one text a line")
    }

    /// Output for programs contains the lines of a file unchanged.
    @Test func linesAreNotChanged() throws {
        let outcome = try rank("--file", "-", input: "a\t\u{1B}[31m \u{202E}é\n")
        #expect(outcome.text.hasSuffix("1  a\t\u{1B}[31m \u{202E}é\n"))
        let object =
            try rank("--file", "-", "--json", input: "\"\\\u{1}\u{1F}\u{7F}🚀\n").json() as? [String: Any]
        let match = (object?["matches"] as? [[String: Any]])?.first
        #expect(match?["text"] as? String == "\"\\\u{1}\u{1F}\u{7F}🚀")
    }
}
