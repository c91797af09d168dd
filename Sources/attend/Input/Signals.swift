import AttentionFiles
import Foundation
import Synchronization

/// The signals that end, suspend or continue the program.
///
/// One thread waits for all of them, so that what has to be done then (removing files, restoring the
/// terminal) is ordinary code and not a signal handler's. Signals that the caller of the program ignores, as
/// `nohup` does, stay ignored.
enum Signals {
    private static let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH]

    /// Blocks the signals. This must be called before a second thread exists.
    static func watch() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in all where !isIgnored(number) { sigaddset(&set, number) }
        // Threads that are made later inherit it, and so no signal reaches any other thread than this one.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        Thread.detachNewThread { [set] in
            var set = set
            while true {
                var number: Int32 = 0
                if sigwait(&set, &number) == 0 { receive(number) }
            }
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let before = signal(number, SIG_DFL)
        signal(number, before)
        return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func receive(_ number: Int32) {
        switch number {
        case SIGINT where Interruption.take(): break
        case SIGTSTP:
            KeyTerminal.suspend()
            raiseByDefault(number)
            KeyTerminal.resume()
        case SIGCONT, SIGWINCH: KeyTerminal.resume()
        default:
            KeyTerminal.leave()
            TemporaryFile.removeAll()
            raiseByDefault(number)
        }
    }

    /// Lets the signal do what it does to a program that does not watch it.
    private static func raiseByDefault(_ number: Int32) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }
}

/// Ctrl-C, seen from a loop that can end where it stands.
enum Interruption {
    private enum State: UInt8, AtomicRepresentable {
        /// Ctrl-C ends the program.
        case unwatched
        /// Ctrl-C asks the loop to end.
        case watched
        /// The loop was asked to end. Another Ctrl-C ends the program.
        case asked
    }

    private static let state = Atomic(State.unwatched)

    /// Makes the first Ctrl-C ask the loop to end, and the second one end the program.
    static func watch() { state.store(.watched, ordering: .relaxed) }

    /// Makes Ctrl-C end the program at once again.
    static func end() { state.store(.unwatched, ordering: .relaxed) }

    static var isAsked: Bool { state.load(ordering: .relaxed) == .asked }

    /// Tells the loop of a Ctrl-C.
    ///
    /// - Returns: Whether there is a loop that watches for it.
    fileprivate static func take() -> Bool {
        state.compareExchange(expected: .watched, desired: .asked, ordering: .relaxed).exchanged
    }

    /// The exit code of a program that the signal ended.
    static let exitCode = 128 + SIGINT
}
