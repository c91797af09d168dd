import Foundation
import TestSupport
import Testing

/// Mistakes that people make, and models that are damaged: each ends with its exit code and a message that
/// says what to do.
struct FaultTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func embed(_ arguments: String..., environment: [String: String] = [:]) throws -> Program.Outcome
    {
        try Program.attend(
            ["embed", "--model", model.folder.path] + arguments, environment: environment)
    }

    @Test func aModelThatIsNotThere() throws {
        expectFailure(
            try Program.attend(["embed", "--model", "nope", "a"]), 66, naming: "'nope'", "config.json")
        expectFailure(try Program.attend(["embed", "--model", "/nope", "a"]), 66, naming: "/nope")
        expectFailure(try Program.attend(["embed", "a"]), 64, naming: "--model")
        expectFailure(try Program.attend(["embed", "--model", "", "a"]), 64, naming: "all-MiniLM-L6-v2")
        expectFailure(try Program.attend(["embed", "--model", "../x\u{7}", "a"]), 64)
    }

    @Test func aMisspeltNameIsSuggestedRightly() throws {
        let folder = model.folder
        let outcome = try Program.attend(
            ["rank", "--model", folder.lastPathComponent + "x", "--query", "a", "--file", "-"],
            environment: ["ATTENTION_MODELS": folder.deletingLastPathComponent().path])
        expectFailure(outcome, 66, naming: "Did you mean", folder.lastPathComponent)
    }

    @Test func aNameIsFoundInTheCache() throws {
        let outcome = try Program.attend(
            ["embed", "--model", model.folder.lastPathComponent, "a"],
            environment: ["ATTENTION_MODELS": model.folder.deletingLastPathComponent().path])
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test func aModelThatIsAFile() throws {
        let file = model.folder.appendingPathComponent("config.json").path
        for command in ["embed", "generate", "look"] {
            let outcome = try Program.attend([command, "--model", file, "a"])
            expectFailure(outcome, 65, naming: file, "a model's folder", "another kind")
        }
        let empty = try model.write("", to: "empty.gguf")
        expectFailure(
            try Program.attend(["generate", "--model", empty, "a"]), 65, naming: "empty.gguf is empty")
        let language = try model.write(Data("GGUF".utf8), to: "x.gguf")
        let embedding = try Program.attend(["embed", "--model", language, "a"])
        expectFailure(embedding, 65, naming: language, "byte 4")
        let vocabulary = try model.write(
            Data(GGUFBytes([("general.architecture", .string("gpt2"))], tensors: []).bytes), to: "v.gguf")
        expectFailure(try Program.attend(["generate", "--model", vocabulary, "a"]), 65, naming: vocabulary)
    }

    /// Each command says what kinds of files it reads.
    @Test func aFileThatIsNoModel() throws {
        let chat = try model.write(#"[{"role": "user", "content": "hi"}]"#, to: "chat.json")
        for name in ["README.md", "model.safetensors", "notes"] {
            let file =
                name.hasPrefix("model")
                ? model.folder.appendingPathComponent(name).path
                : try model.write("# Notes", to: name)
            for command in [
                ["embed", "a"], ["look", "a"], ["generate", "a"], ["logits", "a"], ["chat"],
                ["prompt", chat],
                ["perplexity", "--file", chat], ["rank", "--query", "a", "--file", chat],
            ] {
                let outcome = try Program.attend(command + ["--model", file])
                expectFailure(outcome, 65, naming: file, "a model's folder or a GGUF file", "another kind")
            }
            expectFailure(
                try Program.attend(["tokenize", "--model", file, "a"]), 65, naming: file, "tokenizer.json",
                "vocab.txt", "GGUF", "another kind")
            expectFailure(
                try Program.attend(["quantize", file, "x.gguf", "--type", "q8_0"]), 65, naming: file,
                "a model's folder or a GGUF file")
        }
    }

    /// A device is there, and no model.
    @Test func aModelThatIsNoFile() throws {
        for command in ["embed", "look", "generate", "tokenize"] {
            let outcome = try Program.attend([command, "--model", "/dev/null", "a"])
            expectFailure(outcome, 65, naming: "/dev/null", "found a device")
        }
        expectFailure(try Program.attend(["inspect", "/dev/null"]), 65, naming: "found a device")
        let pipe = try Program.shell(#"mkfifo pipe; "$ATTEND" embed --model pipe a"#, in: model.folder)
        expectFailure(pipe, 65, naming: "pipe", "found a named pipe")
    }

    /// What a message quotes cannot steer the terminal.
    @Test(arguments: [
        ["look", "--model", "x", "a", "--layer", "\u{1B}[31mred"],
        ["embed", "--model", "x", "--\u{9B}31m", "a"], ["\u{1B}[2Jx"],
        ["embed", "--model", "/\u{1B}[2J/x", "a"],
        ["tokenize", "--model", "a\rb", "x"],
        ["rank", "--model", "x", "--query", "a", "--file", "\u{7}\u{1B}c"],
        ["prompt", "--template", "\u{1B}[2J", "-"],
    ])
    func messagesShowControls(_ arguments: [String]) throws {
        let outcome = try Program.attend(arguments)
        #expect(outcome.code == 64 || outcome.code == 66, "\(outcome.errors)")
        #expect(
            !outcome.errors.unicodeScalars.contains {
                $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t"
            })
    }

    /// The same fault has the same code, whichever command writes.
    @Test func faultsOfWritingHaveOneCode() throws {
        let decoder = Locations.fixture("AttentionModelsTests", "decoders/qwen3").path
        func codes(_ output: String) throws -> [Int32] {
            [
                try Program.attend(["look", "--model", model.folder.path, "a", "--svg", output]).code,
                try Program.attend(["look", "--model", model.folder.path, "a", "--json", output]).code,
                try Program.attend(["quantize", decoder, output, "--type", "q8_0"]).code,
            ]
        }
        #expect(try codes("/nowhere/x") == [73, 73, 73])
        #expect(try codes(model.folder.path) == [73, 73, 73])
        if FileManager.default.fileExists(atPath: "/dev/full") {
            #expect(try codes("/dev/full") == [74, 74, 74])
        }
    }

    @Test func whatIsMisspelt() throws {
        expectFailure(
            try Program.attend(["generat", "--model", "x"]), 64, naming: "'generat'", "mean generate?")
        expectFailure(try Program.attend(["help", "generat"]), 64, naming: "'generat'", "mean generate?")
        expectFailure(try Program.attend(["x"]), 64, naming: "'x'", "attend --help")
        expectFailure(try Program.attend(["chat", "--model", "x", "--contxt", "3"]), 64, naming: "--context")
        expectFailure(try Program.attend(["chat", "--model", "x", "--model=y"]), 64, naming: "twice")
        expectFailure(try Program.attend(["prompt", "x"]), 64, naming: "--template", "attend prompt")
        #expect(try Program.attend(["help", "embed"]).code == 0)
    }

    /// The error names the misspelt option, not the argument that is missing because of it.
    @Test(arguments: [
        ("embed --modle X", "--modle. Did you mean --model?"),
        ("embed -model X a", "-model. Did you mean --model?"),
        ("embed -m X a", "-m. Did you mean --model?"),
        ("generate --model X a --max_tokens 3", "Did you mean --max-tokens?"),
        ("generate --temp 1 a", "Did you mean --temperature?"), ("rank --fil x", "Did you mean --file?"),
        ("look --model X a --hidespecial", "Did you mean --hide-special?"),
        ("quantize a b --typ q8_0", "Did you mean --type?"),
        ("embed --draft x", "attend generate, attend batch have it"),
        ("embed --model X -1", "goes after --"), ("embed --modle=X a", "--modle. Did you mean"),
        ("tokenize --model --json -x y", "-x"), ("--model X embed a", "attend embed --model"),
        ("quant a b", "Did you mean quantize?"),
    ])
    func anOptionThatIsMisspelt(_ line: String, message: String) throws {
        let outcome = try Program.attend(line.split(separator: " ").map(String.init))
        expectFailure(outcome, 64, naming: message, "Usage: attend")
    }

    /// A name is suggested only where it is close, and for a short one that means closer.
    @Test(arguments: ["embed --flag x", "embed --modular x", "generate --abc 1"])
    func anOptionThatIsLikeNoOther(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let outcome = try Program.attend(words)
        expectFailure(outcome, 64, naming: "attend \(words[0]) has no option \(words[1])")
        #expect(!outcome.errors.contains("Did you mean"), "\(outcome.errors)")
    }

    /// The value of an option, and words after --, are not taken for options.
    @Test func valuesThatLookLikeOptions() throws {
        let query = try Program.attend([
            "rank", "--model", model.folder.path, "--query", "--modle", "--file", "-", "--top",
        ])
        expectFailure(query, 64, naming: "Missing value for '--top")
        let text = try Program.attend(["tokenize", "--model", model.folder.path, "--", "--modle"])
        #expect(text.code == 0, "\(text.errors)")
    }

    @Test func aModelOfTheOtherKind() throws {
        for command in ["generate", "logits"] {
            expectFailure(
                try Program.attend([command, "--model", model.folder.path, "a"]), 65,
                naming: "an encoder (bert)", "attend embed")
        }
        expectFailure(
            try Program.attend(["quantize", model.folder.path, "x.gguf", "--type", "q8_0"]), 65,
            naming: "an encoder (bert)", "expected a language model for attend quantize")
        let decoder = try SmallDecoder()
        expectFailure(
            try Program.attend(["embed", "--model", decoder.folder.path, "a"]), 65,
            naming: "a language model", "attend generate")
    }

    @Test func aNearGGUFFileIsSuggested() throws {
        try model.write(Data("GGUF".utf8), to: "Small-135M.Q4_1.gguf")
        for name in ["Small-135M.gguf", "./Small-135M", "small-135m.q4_0.gguf", "./Smal-135M.Q4_1.gguf"] {
            let outcome = try Program.attend(["logits", "--model", name, "a"], in: model.folder)
            expectFailure(outcome, 66, naming: "Did you mean '", "Small-135M.Q4_1.gguf'?")
        }
    }

    /// Permissions bind only users that are not root.
    @Test(.enabled(if: getuid() != 0, "root may read everything"))
    func aFolderThatMayNotBeRead() throws {
        let path = model.folder.path
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path) }
        for command in ["embed", "tokenize", "look"] {
            let outcome = try Program.attend([command, "--model", path, "a"])
            expectFailure(outcome, 66, naming: path, "Permission denied")
            #expect(!outcome.errors.contains("etch"))
        }
        expectFailure(try Program.attend(["inspect", path]), 66, naming: path, "Permission denied")
    }

    @Test func inspectingAFileOfAnotherKind() throws {
        let file = try model.write("# Title", to: "README.md")
        expectFailure(
            try Program.attend(["inspect", file]), 65, naming: file, "GGUF", ".safetensors", "folder")
    }

    @Test func outputThatIsClosed() throws {
        expectFailure(try Program.shell("\"$ATTEND\" tokenize --model '\(model.folder.path)' a >&-"), 74)
    }

    @Test(arguments: ["config.json", "model.safetensors", "vocab.txt"])
    func aFileThatIsMissing(_ name: String) throws {
        try FileManager.default.removeItem(at: model.folder.appendingPathComponent(name))
        expectFailure(try embed("a"), 66, naming: model.folder.path, name)
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"model_type": "t5"}"#, #"{"model_type": 3}"#])
    func aConfigurationThatIsWrong(_ content: String) throws {
        let file = try model.write(content, to: "config.json")
        expectFailure(try embed("a"), 65, naming: file)
    }

    @Test(arguments: [
        ("hidden_size", "0"), ("hidden_size", "-24"), ("hidden_size", "9223372036854775807"),
        ("hidden_size", "25"),
        ("num_attention_heads", "0"), ("num_attention_heads", "5"), ("num_hidden_layers", "0"),
        ("num_hidden_layers", "3"), ("num_hidden_layers", "2147483647"), ("vocab_size", "2147483648"),
        ("max_position_embeddings", "-1"), ("intermediate_size", "1.5"), ("intermediate_size", "\"40\""),
        ("hidden_act", "\"nonsense\""),
    ])
    func aFieldThatIsWrong(_ field: String, value: String) throws {
        let url = model.folder.appendingPathComponent("config.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        let lines = text.split(separator: "\n").map { line in
            line.contains("\"\(field)\"") ? "  \"\(field)\": \(value)," : String(line)
        }
        try model.write(lines.joined(separator: "\n"), to: "config.json")
        expectFailure(try embed("a"), 65, naming: model.folder.path)
    }

    @Test(arguments: [0, 4, 8, 100, 10_000])
    func weightsThatAreCutShort(_ length: Int) throws {
        let file = model.folder.appendingPathComponent("model.safetensors")
        try model.write(Data(contentsOf: file).prefix(length), to: "model.safetensors")
        expectFailure(try embed("a"), 65, naming: file.path)
    }

    @Test func weightsWithADamagedHeader() throws {
        let file = model.folder.appendingPathComponent("model.safetensors")
        let bytes = try Data(contentsOf: file)
        for (place, byte) in [(0, UInt8(0xFF)), (7, 0xFF), (8, 0x20), (9, 0), (200, 0x22)] {
            var damaged = bytes
            damaged[place] = byte
            try model.write(damaged, to: "model.safetensors")
            expectFailure(try embed("a"), 65, naming: file.path)
        }
    }

    @Test func weightsThatAreNoNumbers() throws {
        let file = model.folder.appendingPathComponent("model.safetensors")
        var bytes = try Data(contentsOf: file)
        let header =
            8
            + Int(
                bytes.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * $1.offset) })
        for index in header..<bytes.count { bytes[index] = 0xFF }
        try model.write(bytes, to: "model.safetensors")
        expectFailure(try embed("a"), 65, naming: model.folder.path, "overflow")
        expectFailure(try embed("a", "--hidden", "--json"), 65, naming: model.folder.path, "overflow")
    }

    @Test func anInputThatCannotBeRead() throws {
        expectFailure(try embed("--file", "nope.txt"), 66, naming: "nope.txt")
        expectFailure(try embed("--file", model.folder.path), 66, naming: model.folder.path)
        let empty = try model.write("", to: "empty.txt")
        expectFailure(try embed("--file", empty), 65, naming: empty)
    }

    @Test(
        arguments: [
            ([0x61, 0x0A, 0xFF], 2), ([0xC0, 0xAF], 0), ([0x61, 0xE2, 0x82], 1), ([0xED, 0xA0, 0x80], 0),
            ([0xEF, 0xBB, 0xBF, 0x61, 0x80], 4), ([0xFF, 0xFE, 0x61, 0x00], 0),
            ([0xF4, 0x90, 0x80, 0x80], 0),
        ] as [([UInt8], Int)])
    func textThatIsNotUTF8(_ bytes: [UInt8], offset: Int) throws {
        let file = try model.write(Data(bytes), to: "bad.txt")
        expectFailure(try embed("--file", file), 65, naming: file, "byte \(offset) ")
        let line = "\"$ATTEND\" embed --model '\(model.folder.path)' - < '\(file)'"
        expectFailure(try Program.shell(line), 65, naming: "standard input", "byte \(offset) ")
    }

    @Test func argumentsThatAreNotUTF8() throws {
        let line = #""$ATTEND" embed --model nope "$(printf 'a\377')""#
        expectFailure(try Program.shell(line), 64, naming: "argument 4", "UTF-8")
    }

    @Test(arguments: [
        ("ATTENTION_ISA", "nonsense"), ("ATTENTION_THREADS", "0"), ("ATTENTION_THREADS", "-1"),
        ("ATTENTION_THREADS", "many"), ("ATTENTION_THREADS", "9223372036854775808"),
    ])
    func aWrongSetting(_ name: String, value: String) throws {
        expectFailure(try embed("a", environment: [name: value]), 78, naming: value)
    }

    @Test func settingsThatAreRight() throws {
        let expected = try embed("a").output
        for settings in [["ATTENTION_THREADS": "1"], ["ATTENTION_THREADS": ""], ["ATTENTION_ISA": ""]] {
            #expect(try embed("a", environment: settings).output == expected)
        }
        #expect(try embed("a", environment: ["ATTENTION_ISA": "scalar"]).code == 0)
    }
}
