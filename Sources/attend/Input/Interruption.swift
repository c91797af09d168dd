import Foundation

/// Ctrl-C, seen from a loop that can end where it stands.
enum Interruption {
    /// Written by the signal's handler, which may do nothing else; read by the loop.
    nonisolated(unsafe) private static var count: sig_atomic_t = 0

    /// From now on, the first Ctrl-C asks the loop to end; the second one ends the program.
    static func watch() {
        count = 0
        signal(SIGINT) { _ in
            Interruption.count = 1
            signal(SIGINT, SIG_DFL)
        }
    }

    /// From now on, Ctrl-C ends the program at once again.
    static func end() { signal(SIGINT, SIG_DFL) }

    static var isAsked: Bool { count != 0 }

    /// The exit code of a program that the signal ended.
    static let exitCode = 128 + SIGINT
}
