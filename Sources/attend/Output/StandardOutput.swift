import AttentionMaps
import Foundation

/// The reader of standard output has seen enough and closed the pipe, as in `attend … | head -1`. It got what
/// it wanted: the program ends quietly and with success.
struct ClosedPipe: Error {}

/// Standard output, gathered into large writes.
struct StandardOutput: ~Copyable {
    private var pending: [UInt8] = []

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes text from a model or a file. It must not be able to steer the terminal.
    mutating func write(shown text: String) throws {
        try write(Self.isTerminal ? VisibleText.writingOutControls(text) : text)
    }

    mutating func write(_ bytes: [UInt8]) throws {
        pending += bytes
        if pending.count >= 1 << 16 { try flush() }
    }

    /// Writes everything that is pending.
    ///
    /// - Throws: ``ClosedPipe``; ``Failure``.
    mutating func flush() throws {
        defer { pending.removeAll(keepingCapacity: true) }
        do {
            try FileBytes.write(pending, to: STDOUT_FILENO)
        } catch {
            if error.number == EPIPE { throw ClosedPipe() }
            throw Failure(.inputOutput, "cannot write to standard output: \(error)")
        }
    }
}
