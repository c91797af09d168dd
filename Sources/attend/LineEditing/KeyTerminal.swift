import AttentionJSON
import Foundation
import Synchronization

/// The terminal while the program reads it key by key. Nothing that is typed is shown by the terminal itself.
enum KeyTerminal {
    /// The keys that the terminal answers with a signal.
    enum Mode {
        /// None: Ctrl-C and Ctrl-Z are keys like others.
        case editing
        /// Ctrl-C, Ctrl-Z and Ctrl-\. Other keys wait until they are read.
        case working
    }

    private struct State {
        /// The settings that the terminal had before.
        let settings: termios
        var mode: Mode
        var isSuspended = false
    }

    private static let state = Mutex<State?>(nil)

    /// Becomes readable when the terminal has changed, by its size or because the program was continued.
    private static let changes: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        return (ends[0], ends[1])
    }()

    /// True where standard input and output are a terminal that can be drawn on.
    static var isAvailable: Bool {
        isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
            && Environment.value("TERM") != "dumb"
    }

    /// - Returns: Whether the terminal is in this mode now.
    @discardableResult static func enter(_ mode: Mode) -> Bool {
        _ = changes
        return state.withLock { state in
            if state == nil {
                var settings = termios()
                guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return false }
                state = State(settings: settings, mode: mode)
            }
            state?.mode = mode
            guard let state, apply(state) else { return false }
            return true
        }
    }

    /// Gives the terminal back as it was.
    static func leave() {
        state.withLock { state in
            if let settings = state?.settings { restore(settings) }
            state = nil
        }
    }

    /// Gives the terminal back until ``resume()``.
    static func suspend() {
        state.withLock { state in
            if let settings = state?.settings { restore(settings) }
            state?.isSuspended = true
        }
    }

    /// Takes the terminal again where the program had it, and lets the editor draw anew.
    static func resume() {
        state.withLock { state in
            guard var now = state else { return }
            now.isSuspended = false
            state = now
            _ = apply(now)
            _ = write(changes.write, [0], 1)
        }
    }

    /// Waits for a key.
    ///
    /// - Returns: False if the terminal has changed and has to be drawn on again.
    static func waitForKey() -> Bool {
        var files = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: changes.read, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&files, 2, -1) < 0 { guard errno == EINTR else { return true } }
        guard files[1].revents != 0 else { return true }
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(changes.read, &bytes, bytes.count) > 0 {}
        return false
    }

    /// Suspends the program, and the others that it shares the terminal with, and returns once it goes on.
    static func suspendJob() {
        kill(tcgetpgrp(STDIN_FILENO) == getpgrp() ? 0 : getpid(), SIGTSTP)
        // Where suspending is ignored, nothing changes: a short wait ends.
        var change = pollfd(fd: changes.read, events: Int16(POLLIN), revents: 0)
        _ = poll(&change, 1, 1000)
    }

    /// True where the terminal belongs to this program now, and not to the shell.
    private static var isForeground: Bool {
        let group = tcgetpgrp(STDIN_FILENO)
        return group < 0 || group == getpgrp()
    }

    private static func apply(_ state: State) -> Bool {
        guard !state.isSuspended, isForeground else { return true }
        var settings = state.settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        // Ctrl-C and Ctrl-Z keep the keys that were typed ahead.
        settings.c_lflag |= tcflag_t(NOFLSH)
        if state.mode == .editing { settings.c_lflag &= ~tcflag_t(ISIG) }
        settings.c_iflag &= ~tcflag_t(ICRNL | IXON)
        withUnsafeMutableBytes(of: &settings.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) == 0 else { return false }
        // Pasted text is marked as such from here on.
        try? FileBytes.write(Array("\u{1B}[?2004h".utf8), to: STDOUT_FILENO)
        return true
    }

    private static func restore(_ settings: termios) {
        guard isForeground else { return }
        var settings = settings
        try? FileBytes.write(Array("\u{1B}[?2004l".utf8), to: STDOUT_FILENO)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}
