import AttentionJSON
import AttentionMaps
import Foundation

/// Messages on standard error.
enum Messages {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func error(_ text: String) { write("attend: error: \(safe(text))\n") }

    static func note(_ text: String) { write("attend: note: \(safe(text))\n") }

    /// A message may quote a name or a text from a file, which must not be able to steer the terminal.
    private static func safe(_ text: String) -> String { VisibleText.writingOutControls(text) }

    /// ArgumentParser's message, with its usage lines, in this program's form.
    static func usageError(_ text: String) {
        error(ExactString(text).dropping(prefix: "Error: ") ?? text)
    }

    static func write(_ text: String) {
        // A failure here has no place to be reported.
        try? FileBytes.write(Array(text.utf8), to: STDERR_FILENO)
    }
}
