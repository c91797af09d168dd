import AttentionMaps
import Foundation

/// Reads lines from standard input: with editing and a history where it is a terminal, as they come where it
/// is not.
struct LineEditor {
    private var history: [String] = []
    private var input = InputBytes()
    private let isInteractive: Bool

    /// How many lines are remembered.
    private static let longestHistory = 1000

    enum Outcome {
        case line(String)
        /// Ctrl-C: the line was given up.
        case cancelled
        case end
    }

    init() {
        let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
        isInteractive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !isDumb
    }

    /// Whether somebody types.
    var isTerminal: Bool { isInteractive }

    /// The next line.
    ///
    /// - Throws: ``Failure`` for input that is not UTF-8.
    mutating func read(prompt: String) throws -> Outcome {
        guard isInteractive else { return try plainLine(prompt) }
        guard let terminal = RawTerminal() else { return try plainLine(prompt) }
        defer { terminal.restore() }
        let outcome = edit(prompt)
        if case .line(let text) = outcome, !text.isEmpty, history.last != text {
            history.append(text)
            if history.count > Self.longestHistory { history.removeFirst() }
        }
        return outcome
    }

    private mutating func plainLine(_ prompt: String) throws -> Outcome {
        if isatty(STDIN_FILENO) == 1 { Self.write(prompt) }
        var bytes: [UInt8] = []
        var hasLine = false
        while let byte = input.next() {
            hasLine = true
            if byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        guard hasLine else { return .end }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let line = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badData, "standard input is not valid UTF-8")
        }
        return .line(line)
    }

    private mutating func edit(_ prompt: String) -> Outcome {
        var line = LineBuffer()
        // The line under the hands is the last one of the history.
        var lines = history + [""]
        var place = lines.count - 1
        let input = input
        let keys = KeyReader { input.next() }
        draw(prompt, line)
        while let key = keys.next() {
            switch key {
            case .enter:
                Self.write("\r\n")
                return .line(line.text)
            case .cancel:
                Self.write("^C\r\n")
                return .cancelled
            case .endOfInput where line.characters.isEmpty:
                Self.write("\r\n")
                return .end
            case .endOfInput: line.apply(.delete)
            case .previous, .next:
                let other = place + (key == .previous ? -1 : 1)
                guard lines.indices.contains(other) else { continue }
                lines[place] = line.text
                place = other
                line = LineBuffer(lines[place])
            case .text(let text): line.insert(text)
            case .redraw: Self.write("\u{1B}[H\u{1B}[2J")
            default: line.apply(key)
            }
            // Pasted text is drawn once.
            if !input.hasMore { draw(prompt, line) }
        }
        Self.write("\r\n")
        return .end
    }

    private func draw(_ prompt: String, _ line: LineBuffer) {
        let promptWidth = VisibleText.width(prompt)
        let columns = max(Terminal.width(of: STDOUT_FILENO) - promptWidth - 1, 1)
        let (text, column) = line.view(columns: columns)
        Self.write("\r\(prompt)\(text)\u{1B}[K\r\u{1B}[\(promptWidth + column)C")
    }

    private static func write(_ text: String) { try? FileBytes.write(Array(text.utf8), to: STDOUT_FILENO) }
}

/// The bytes of standard input, read in pieces.
private final class InputBytes {
    private var bytes = [UInt8](repeating: 0, count: 1 << 12)
    private var range = 0..<0

    /// Whether more has been read already.
    var hasMore: Bool { !range.isEmpty }

    func next() -> UInt8? {
        while range.isEmpty {
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            range = 0..<count
        }
        defer { range = range.dropFirst() }
        return bytes[range.lowerBound]
    }
}

/// The terminal while each key is read as it is typed.
private struct RawTerminal {
    private var before = termios()

    init?() {
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(ICRNL | IXON)
        withUnsafeMutableBytes(of: &raw.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0 else { return nil }
        // Pasted text is marked as such from here on.
        try? FileBytes.write(Array("\u{1B}[?2004h".utf8), to: STDOUT_FILENO)
    }

    func restore() {
        var settings = before
        try? FileBytes.write(Array("\u{1B}[?2004l".utf8), to: STDOUT_FILENO)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}
