import Foundation
import TestSupport
import Testing

/// `attend chat` at a terminal, typed at key by key.
struct ChatTerminalTests {
    /// The program with a terminal of its own.
    private final class Session {
        private let process = Process()
        private let controller: FileHandle
        private var seen = Data()
        let model: SmallDecoder

        init() throws {
            model = try SmallDecoder()
            let template = try model.write(
                "{{ raise_exception('<' ~ messages[-1].content ~ '>') }}", to: "echo.jinja")
            var (controllerEnd, terminalEnd): (Int32, Int32) = (-1, -1)
            try #require(openpty(&controllerEnd, &terminalEnd, nil, nil, nil) == 0)
            controller = FileHandle(fileDescriptor: controllerEnd, closeOnDealloc: true)
            let terminal = FileHandle(fileDescriptor: terminalEnd, closeOnDealloc: true)
            process.executableURL = URL(fileURLWithPath: Program.path)
            process.arguments = [
                "chat", "--model", model.folder.path, "--template", template,
            ]
            process.environment = ["TERM": "xterm", "HOME": model.folder.path]
            (process.standardInput, process.standardOutput, process.standardError) = (
                terminal, terminal, terminal
            )
            try process.run()
            _ = try wait(for: "> ")
        }

        deinit { if process.isRunning { process.terminate() } }

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

        func expectEnd() throws {
            let deadline = Date().addingTimeInterval(30)
            while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
            #expect(!process.isRunning)
            #expect(process.terminationStatus == 0)
        }

        /// Types a line, and says what arrived as the message.
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
}
