import Foundation

/// Standard output, gathered into large writes. A pipe that its reader has closed ends the program quietly and
/// with success: `attend … | head -1` got what it wanted.
struct StandardOutput: ~Copyable {
    private var pending: [UInt8] = []

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

    mutating func write(_ bytes: [UInt8]) throws {
        pending += bytes
        if pending.count >= 1 << 16 { try flush() }
    }

    /// What was written so far reaches the reader. Without this, it may not.
    mutating func flush() throws {
        defer { pending.removeAll(keepingCapacity: true) }
        do {
            try FileBytes.write(pending, to: STDOUT_FILENO)
        } catch {
            if error.number == EPIPE { exit(EXIT_SUCCESS) }
            throw Failure(.inputOutput, "cannot write to standard output: \(error)")
        }
    }
}
