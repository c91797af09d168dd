import Foundation
import TestSupport
import Testing

struct ChatTests {
    private let model: SmallDecoder
    private let template: String

    init() throws {
        model = try SmallDecoder()
        template = try model.write(
            "{{ bos_token }}{% for m in messages %}{{ m.content }} {% endfor %}", to: "chat.jinja")
    }

    private func chat(_ arguments: String..., input: String) throws -> Program.Outcome {
        try Program.attend(
            ["chat", "--model", model.folder.path, "--template", template, "-n", "5"] + arguments,
            input: input)
    }

    @Test func eachLineIsAnswered() throws {
        let outcome = try chat(input: "hi\n\nand so\n")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.lines.count == 2)
        #expect(try chat(input: "hi\r\nand so").output == outcome.output)
        #expect(try chat("--cache", "f16", "--threads", "1", input: "hi\n").lines.count == 1)
    }

    @Test func commands() throws {
        let once = try chat(input: "hi\n").text
        let reset = try chat(input: "hi\n/reset\nhi\n/exit\nhi\n")
        #expect(reset.text == once + once)
        #expect(reset.errors.contains("begins anew"))
        #expect(try chat(input: "/help\n").text.contains("/look"))
        for (line, suggestion) in [
            ("/nothing", "/help"), ("/loook 1", "Did you mean /look?"), ("/quit", "Did you mean /exit?"),
            ("/RESET", "Did you mean /reset?"), ("/", "/help"), ("/reset now", "takes no argument"),
        ] {
            let outcome = try chat(input: line + "\n")
            #expect(outcome.code == 64 && outcome.output.isEmpty)
            #expect(outcome.errors.contains(suggestion), "\(outcome.errors)")
        }
        #expect(try chat(input: "/look\n").errors.contains("no answer"))
        for (arguments, message) in [
            ("abc", "'abc'"), ("-1", "no layer -1"), ("1.5", "'1.5'"), ("0 1", "'1'"),
        ] {
            let outcome = try chat(input: "hi\n/look \(arguments)\n")
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(outcome.code == 64 && outcome.lines.count == 1, "\(outcome.text)")
        }
        let look = try chat(input: "hi\n/look\n/look 0\n/look 99\n")
        #expect(look.code == 64, "\(look.errors)")
        #expect(look.text.contains("Layer 0") && look.text.contains("looked at"))
        #expect(look.errors.contains("no layer 99"))
        let options = try chat(
            input: "hi\n/look 0 --hide-first --resolution 3\n/look abc\n/look --resolution\n")
        #expect(options.code == 64, "\(options.errors)")
        #expect(options.words.contains("Hidden: the first token."))
        #expect(options.errors.contains("/look does not take 'abc'"))
        #expect(options.errors.contains("/look does not take '--resolution'"))
        #expect(try chat(input: "//x\n").lines.count == 1)
    }

    @Test func theSystemMessageAndSwitchesReachTheTemplate() throws {
        let refusing = try model.write(
            "{{ raise_exception(messages[0].content ~ flag ~ name) }}", to: "refusing.jinja")
        let outcome = try Program.attend(
            [
                "chat", "--model", model.folder.path, "--template", refusing, "--system", "S", "--set",
                "flag=false",
                "--set", "name=x=y",
            ], input: "hi\n")
        expectFailure(outcome, 65, naming: "SFalsex=y", refusing)
    }

    @Test func whatCannotBe() throws {
        expectFailure(
            try Program.attend(["chat", "--model", model.folder.path], input: "hi\n"), 65,
            naming: "no chat template", "--template chatml")
        expectFailure(
            try Program.attend(
                ["chat", "--model", model.folder.path, "--template", "/nowhere.jinja"], input: ""), 66,
            naming: "/nowhere.jinja")
        let broken = try model.write("{{ ", to: "broken.jinja")
        expectFailure(
            try Program.attend(["chat", "--model", model.folder.path, "--template", broken], input: ""), 65,
            naming: "broken.jinja:1:1")
        let long = String(repeating: "word ", count: 30)
        let full = try chat(input: long + "\n")
        expectFailure(full, 65, naming: "context 64", "/reset")
        #expect(!full.errors.contains("enlarge"))
        expectFailure(try chat("--context", "32", input: long + "\n"), 65, naming: "to 64 at most")
        expectFailure(try chat("--set", "x", input: ""), 64, naming: "--set")
    }

    /// A pipe gets the text as it is; on a terminal, it cannot steer.
    @Test func controlsAreShownOnATerminal() throws {
        let file = try model.write(
            #"[{"role": "user", "content": "a\u001b[31mb\u009b\tc\r"}]"#, to: "controls.json")
        let arguments = ["prompt", "--template", "chatml", file]
        #expect(try Program.attend(arguments).text.contains("\na\u{1B}[31mb\u{9B}\tc\r<"))
        let shown = try Program.onTerminal(arguments)
        #expect(shown.contains(#"a\u{1B}[31mb\u{9B}"# + "\tc" + #"\r<|im_end|>"#), "\(shown)")
        #expect(!shown.contains("\u{1B}") && !shown.contains("\u{9B}"))
        let json = try Program.onTerminal(arguments + ["--json"])
        #expect(json.contains(#"a\u001b[31mb\u009b\u0009c\u000d"#), "\(json)")
    }

    @Test func thePromptCanBeShown() throws {
        func prompt(_ input: String, _ arguments: String...) throws -> Program.Outcome {
            try Program.attend(["prompt", "-"] + arguments, input: input)
        }
        let messages = #"[{"role": "user", "content": "hi"}]"#
        #expect(
            try prompt(messages, "--template", "chatml").text
                == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n\n")
        try model.write(
            #"{"chat_template": {"default": "a", "rag": "b", "tool_use": "c"}}"#, to: "chat_template.json")
        for (extra, arguments, text) in [
            ("", [], "a\n"), (#", "documents": []"#, [], "b\n"), (#", "tools": []"#, [], "c\n"),
            (#", "tools": []"#, ["--template-name", "rag"], "b\n"),
        ] as [(String, [String], String)] {
            let outcome = try Program.attend(
                ["prompt", "-", "--model", model.folder.path] + arguments,
                input: #"{"messages": \#(messages)\#(extra)}"#)
            #expect(outcome.text == text, "\(outcome.errors)")
        }
        expectFailure(
            try prompt(messages, "--model", model.folder.path, "--template-name", "x"), 65, naming: "'x'",
            "'rag'")
        expectFailure(
            try prompt(messages, "--template", "chatml", "--template-name", "x"), 64,
            naming: "--template-name")
        expectFailure(
            try prompt(#"{"messages": \#(messages), "tools": {}}"#, "--template", "chatml"), 65,
            naming: "tools")
        let object = try #require(
            try prompt(
                #"{"messages": \#(messages), "add_generation_prompt": false}"#, "--template", template,
                "--model",
                model.folder.path, "--json"
            ).json() as? [String: Any])
        #expect(object["text"] as? String == "hi ")
        #expect(object["content"] as? [[Int]] == [[0, 2]])
        #expect(object["tokens"] as? [Int] == [10, 11, 2])
        expectFailure(try prompt("5", "--template", "chatml"), 65, naming: "standard input", "messages")
        expectFailure(try prompt("[5]", "--template", "chatml"), 65, naming: "message 0")
        expectFailure(try prompt("[", "--template", "chatml"), 65, naming: "standard input")
        expectFailure(try prompt(messages), 64, naming: "--template")
    }
}
