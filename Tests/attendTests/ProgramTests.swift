import Foundation
import TestSupport
import Testing

/// The program as a whole: help, completion, pipes and exit codes.
struct ProgramTests {
    @Test func withoutArgumentsItShowsItsHelp() throws {
        let outcome = try Program.attend([])
        #expect(outcome.code == 0)
        for part in ["embed", "rank", "tokenize", "look", "EXIT CODES", "ATTENTION_ISA", "completion-script"]
        {
            #expect(outcome.text.contains(part), "no \(part)")
        }
        #expect(try Program.attend(["--help"]).output == outcome.output)
    }

    @Test(arguments: [[], ["embed"], ["rank"], ["tokenize"], ["look"]])
    func helpFitsATerminal(_ command: [String]) throws {
        let outcome = try Program.attend(command + ["--help"])
        #expect(outcome.code == 0)
        #expect(outcome.errors == "")
        #expect(outcome.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE:") })
        // Examples stand on one line, so that they can be copied.
        let examples = outcome.lines.filter { $0.contains("attend \(command.first ?? "embed") --model") }
        #expect(!examples.isEmpty)
    }

    @Test func theVersion() throws {
        let outcome = try Program.attend(["--version"])
        #expect(outcome.code == 0)
        #expect(outcome.text == "0.1.0\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completion(_ shell: String) throws {
        let outcome = try Program.attend(["--generate-completion-script", shell])
        #expect(outcome.code == 0)
        for part in ["attend", "--model", "--hide-special"] where shell != "fish" {
            #expect(outcome.text.contains(part))
        }
        #expect(outcome.output.count > 1000)
    }

    @Test(arguments: [
        ["nonsense"], ["--nonsense"], ["embed", "--nonsense", "--model", "x", "a"],
    ])
    func wrongUsage(_ arguments: [String]) throws {
        let outcome = try Program.attend(arguments)
        expectFailure(outcome, 64, naming: "Usage: attend")
    }

    @Test(arguments: [
        (["--versoin"], "attend has no option --versoin. Did you mean --version?"),
        (["--halp"], "Did you mean --help?"), (["generate", "--hepl"], "Did you mean --help?"),
        (["tokenize", "--mdoel", "x", "a"], "Did you mean --model?"),
    ])
    func aMisspeltOption(_ arguments: [String], message: String) throws {
        expectFailure(try Program.attend(arguments), 64, naming: message)
    }

    @Test func aClosedPipeIsNoError() throws {
        let model = try SmallModel()
        try model.write((0..<2000).map { "a bank \($0)\n" }.joined(), to: "texts.txt")
        let line = """
            { "$ATTEND" embed --model . --file texts.txt; echo "code $?" >&2; } | head -n 1
            """
        let outcome = try Program.shell(line, in: model.folder)
        #expect(outcome.lines.count == 1)
        #expect(outcome.errors == "code 0\n")
    }

    @Test func anOutputThatIsFull() throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let model = try SmallModel()
        let outcome = try Program.shell(#""$ATTEND" embed --model . a > /dev/full"#, in: model.folder)
        expectFailure(outcome, 74, naming: "standard output")
        let closed = try Program.shell(#""$ATTEND" embed --model . a >&-"#, in: model.folder)
        expectFailure(closed, 74, naming: "standard output")
    }
}
