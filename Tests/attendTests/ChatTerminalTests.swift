import Foundation
import TestSupport
import Testing

/// `attend chat` at a terminal of 30 columns and 10 rows.
struct ChatTerminalTests {
    /// The program with a terminal of its own.
    private final class Session {
        private let process = Process()
        private let controller: FileHandle
        private var seen = Data()
        let model: SmallDecoder

        /// - Parameters:
        ///   - template: The chat template; by default it repeats the message.
        ///   - tokenizer: The tokenizer's file; nil: each character is a token.
        init(
            template: String = "{{ raise_exception('<' ~ messages[-1].content ~ '>') }}",
            tokenizer: String? = nil
        ) throws {
            model = try SmallDecoder()
            if let tokenizer { try model.write(tokenizer, to: "tokenizer.json") }
            let template = try model.write(template, to: "template.jinja")
            var (controllerEnd, terminalEnd): (Int32, Int32) = (-1, -1)
            var size = winsize(ws_row: 10, ws_col: 30, ws_xpixel: 0, ws_ypixel: 0)
            try #require(openpty(&controllerEnd, &terminalEnd, nil, nil, &size) == 0)
            controller = FileHandle(fileDescriptor: controllerEnd, closeOnDealloc: true)
            let terminal = FileHandle(fileDescriptor: terminalEnd, closeOnDealloc: true)
            process.executableURL = URL(fileURLWithPath: Program.path)
            process.arguments = [
                "chat", "--model", model.folder.path, "--template", template,
            ]
            process.environment = Program.settings(["TERM": "xterm"], home: model.folder)
            (process.standardInput, process.standardOutput, process.standardError) = (
                terminal, terminal, terminal
            )
            try process.run()
            _ = try wait(for: "> ")
        }

        deinit { if process.isRunning { process.terminate() } }

        /// Whether the terminal shows what is typed, as it does for the shell.
        var showsKeys: Bool {
            var settings = termios()
            return tcgetattr(controller.fileDescriptor, &settings) == 0
                && settings.c_lflag & tcflag_t(ECHO) != 0
        }

        /// Whether Ctrl-C is a signal, as it is during an answer.
        var isWorking: Bool {
            var settings = termios()
            return tcgetattr(controller.fileDescriptor, &settings) == 0
                && settings.c_lflag & tcflag_t(ISIG) != 0 && !showsKeys
        }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// Waits until `condition` holds.
        func wait(until condition: () -> Bool) throws {
            let deadline = Date().addingTimeInterval(30)
            while !condition() {
                guard Date() < deadline else { throw Program.Failure(description: "nothing happened") }
                Thread.sleep(forTimeInterval: 0.002)
            }
        }

        func type(_ text: String) throws { try controller.write(contentsOf: Data(text.utf8)) }

        /// Reads until `text` appears behind what was read before, and returns what came until then.
        @discardableResult func wait(for text: String) throws -> String {
            let deadline = Date().addingTimeInterval(30)
            while Date() < deadline {
                if let range = seen.range(of: Data(text.utf8)) {
                    defer { seen = seen[range.upperBound...] }
                    return String(decoding: seen[..<range.upperBound], as: UTF8.self)
                }
                var poll = pollfd(fd: controller.fileDescriptor, events: Int16(POLLIN), revents: 0)
                guard Foundation.poll(&poll, 1, 1000) > 0 else { continue }
                let data = controller.availableData
                if data.isEmpty { break }
                seen += data
            }
            throw Program.Failure(
                description: "no '\(text)' in '\(String(decoding: seen, as: UTF8.self))'")
        }

        func expectEnd(signal: Int32? = nil) throws {
            try wait { !process.isRunning }
            #expect(process.terminationReason == (signal == nil ? .exit : .uncaughtSignal))
            #expect(process.terminationStatus == signal ?? 0)
            #expect(showsKeys)
        }

        /// Types a line, and returns the message that arrived.
        func message(_ keys: String) throws -> String {
            try type(keys + "\r")
            try wait(for: "conversation: <")
            let text = try wait(for: ">")
            try wait(for: "> ")
            return String(text.dropLast())
        }
    }

    @Test func linesAreEdited() throws {
        let session = try Session()
        #expect(try session.message("hello") == "hello")
        // Left twice, an insertion; backspace; home and end; delete.
        #expect(try session.message("helo\u{1B}[D\u{1B}[Dl") == "hello")
        #expect(try session.message("helloo\u{7F}") == "hello")
        #expect(try session.message("ello\u{1}h\u{5}!") == "hello!")
        #expect(try session.message("xhello\u{1B}[H\u{1B}[3~") == "hello")
        // Ctrl-U, Ctrl-W, Ctrl-K.
        #expect(try session.message("gone\u{15}hello") == "hello")
        #expect(try session.message("hello gone\u{17}x") == "hello x")
        #expect(try session.message("hello gone  \u{17}x") == "hello x")
        #expect(try session.message("hello\u{1B}[D\u{1B}[D\u{B}") == "hel")
        // Characters of several bytes, of two columns, and of several scalars, each deleted as one.
        #expect(try session.message("äö中👩‍👩‍👧x\u{7F}\u{7F}") == "äö中")
        // The history: up, up, down.
        #expect(try session.message("\u{1B}[A\u{1B}[A\u{1B}[B") == "äö中")
        // Pasted text is one message, its lines too.
        #expect(try session.message("\u{1B}[200~a\rb\u{1B}[201~") == "a\\u{A}b")
        // Ctrl-C gives a line up, Ctrl-D ends.
        try session.type("gone\u{3}")
        try session.wait(for: "^C")
        #expect(try session.message("hello") == "hello")
        try session.type("\u{4}")
        try session.expectEnd()
    }

    /// A message that is sent twice stands in the history once.
    @Test func theHistoryHasNoRepeats() throws {
        let session = try Session()
        for text in ["one", "two", "two", "three"] { #expect(try session.message(text) == text) }
        #expect(try session.message("\u{1B}[A\u{1B}[A\u{1B}[A") == "one")
    }

    /// What a model answers cannot take command of the terminal.
    @Test func answersHaveNoControlCharacters() throws {
        let tokens = ["<s>", "</s>"] + (2..<64).map { "\\u0007\\u009B\\tk\($0);" }
        let vocabulary = tokens.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let special = tokens.prefix(2).enumerated().map { id, token in
            """
            {"id": \(id), "content": "\(token)", "special": true, "normalized": false, "lstrip": false,
             "rstrip": false, "single_word": false}
            """
        }
        let session = try Session(
            template: "</s>",
            tokenizer: """
                {"added_tokens": [\(special.joined(separator: ", "))], "decoder": {"type": "Fuse"},
                 "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
                """)
        try session.type("hi\r")
        let answer = try session.wait(for: ";")
        #expect(answer.contains("\tk"), "\(answer)")
        #expect(!answer.unicodeScalars.contains { $0 == "\u{7}" || $0 == "\u{9B}" }, "\(answer)")
    }

    /// A message that arrives together with its end, as when it was typed ahead, is shown.
    @Test func messagesInOnePieceAreShown() throws {
        let session = try Session()
        try session.type("first\rsecond\rthird")
        for text in ["first", "second"] {
            let shown = try session.wait(for: "conversation: <\(text)>")
            #expect(shown.contains("> \(text)\r\r\n"), "\(shown)")
        }
        try session.wait(for: "> third")
        #expect(try session.message("!") == "third!")
    }

    /// Keys that are typed during an answer are kept, and shown once.
    @Test func keysDuringAnAnswerWait() throws {
        let slow =
            "{% for i in range(100000) %}{% endfor %}"
            + "{{ raise_exception('<' ~ messages[-1].content ~ '>') }}"
        let session = try Session(template: slow)
        try session.type("first\r")
        try session.wait { session.isWorking }
        try session.type("second\r")
        let between = try session.wait(for: "conversation: <first>")
        let rest = try session.wait(for: "conversation: <second>")
        #expect((between + rest).components(separatedBy: "second").count == 3, "\(between + rest)")
        #expect(rest.contains("> second\r\r\n"))
    }

    /// A message of more rows than the terminal has is edited at any place, and shown whole in the end.
    @Test func longMessages() throws {
        let session = try Session()
        let words = (0..<60).map { "wörd\($0) 中文x" }.joined(separator: " ")
        try session.type(words)
        try session.wait(for: "d59 中文x")
        try session.type("\u{1}X")
        try session.wait(for: "> Xwörd0")
        try session.type("\r")
        let shown = try session.wait(for: "conversation: <")
        let whole = shown.replacingOccurrences(of: "\r\r\n", with: "")
        #expect(whole.contains("> X" + words), "\(shown)")
        // No row is wider than the terminal: é and ö take one column, 中 and 文 two.
        for row in shown.components(separatedBy: "\r\r\n").dropLast() where !row.contains("\u{1B}") {
            #expect(row.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x4E00 ? 2 : 1) } <= 30, "\(row)")
        }
        #expect(try session.wait(for: ">").dropLast() == "X" + words)
        try session.wait(for: "> ")
        // The lines of a pasted text are rows.
        try session.type("\u{1B}[200~one\rtwo\u{1B}[201~")
        try session.wait(for: "> one\r\r\n  two")
        // Deleting at the start of a row joins it to the one before.
        #expect(try session.message("\u{1B}[D\u{1B}[D\u{1B}[D\u{7F}") == "onetwo")
    }

    @Test(arguments: [true, false])
    func ctrlZSuspends(byKey: Bool) throws {
        let session = try Session()
        try session.type("abc")
        try session.wait(for: "> abc")
        if byKey { try session.type("\u{1A}") } else { session.send(SIGTSTP) }
        try session.wait { session.showsKeys }
        session.send(SIGCONT)
        try session.wait(for: "> abc")
        try session.wait { !session.showsKeys }
        #expect(try session.message("d") == "abcd")
        try session.type("\u{4}")
        try session.expectEnd()
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
    func aSignalGivesTheTerminalBack(_ signal: Int32) throws {
        let session = try Session()
        #expect(!session.showsKeys)
        session.send(signal)
        try session.expectEnd(signal: signal)
    }
}
