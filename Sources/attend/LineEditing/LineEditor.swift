import AttentionJSON
import Foundation

/// Reads messages from standard input: with editing and a history where it is a terminal, line by line where
/// it is not.
struct LineEditor {
    private var history: [String] = []
    private let input = InputBytes()
    /// True where messages are typed at a terminal.
    let isTerminal = KeyTerminal.isAvailable

    /// The number of messages in the history.
    private static let longestHistory = 1000

    enum Outcome {
        case line(String)
        /// Ctrl-C: the message was given up.
        case cancelled
        case end
    }

    /// The next message.
    ///
    /// - Throws: ``Failure`` for input that is not UTF-8.
    mutating func read(prompt: String) throws -> Outcome {
        guard isTerminal, KeyTerminal.enter(.editing) else { return try plainLine(prompt) }
        // Keys that are typed until the next call wait for it.
        defer { KeyTerminal.enter(.working) }
        let outcome = edit(prompt)
        if case .line(let text) = outcome, !text.isEmpty,
            history.last.map({ ExactString($0) }) != ExactString(text)
        {
            history.append(text)
            if history.count > Self.longestHistory { history.removeFirst() }
        }
        return outcome
    }

    private func plainLine(_ prompt: String) throws -> Outcome {
        if isatty(STDIN_FILENO) == 1 { try? FileBytes.write(Array(prompt.utf8), to: STDOUT_FILENO) }
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

    private func edit(_ prompt: String) -> Outcome {
        var line = LineBuffer()
        // The message that is edited is the last one of the history.
        var lines = history + [""]
        var place = lines.count - 1
        var screen = MessageScreen(prompt: prompt)
        let keys = KeyReader { [input] in input.next() }
        screen.draw(line)
        while true {
            // Keys that arrive together, such as pasted ones, are drawn once.
            if !input.hasMore {
                screen.draw(line)
                while !KeyTerminal.waitForKey() { screen.draw(line) }
            }
            guard let key = keys.next() else {
                screen.finish(line)
                return .end
            }
            switch key {
            case .enter:
                screen.finish(line)
                return .line(line.text)
            case .cancel:
                screen.finish(line, mark: "^C")
                return .cancelled
            case .endOfInput where line.characters.isEmpty:
                screen.finish(line)
                return .end
            case .endOfInput: line.apply(.delete)
            case .previous, .next:
                let other = place + (key == .previous ? -1 : 1)
                guard lines.indices.contains(other) else { continue }
                lines[place] = line.text
                place = other
                line = LineBuffer(lines[place])
            case .text(let text): line.insert(text)
            case .redraw: screen.clear()
            case .suspend:
                screen.finish(line)
                KeyTerminal.suspendJob()
            default: line.apply(key)
            }
        }
    }
}

/// The bytes of standard input, read in pieces.
private final class InputBytes {
    private var bytes = [UInt8](repeating: 0, count: 1 << 12)
    private var range = 0..<0

    /// True where bytes are left that were read before.
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
