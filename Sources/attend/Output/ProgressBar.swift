import Foundation

/// A bar on standard error for work that takes a while: only on a terminal, and only once the work has taken
/// half a second.
final class ProgressBar {
    private let what: String
    private let total: Int
    private let start = ContinuousClock.now
    private let isEnabled: Bool
    private var isShown = false

    /// - Parameters:
    ///   - what: What is counted, such as `texts`.
    ///   - total: How many there are.
    ///   - isEnabled: False where results appear on the same terminal meanwhile.
    init(_ what: String, total: Int, isEnabled: Bool = true) {
        self.what = what
        self.total = total
        self.isEnabled = isEnabled && Messages.isTerminal && total > 1
    }

    func update(_ done: Int) {
        let elapsed = ContinuousClock.now - start
        guard isEnabled, elapsed > .milliseconds(500) || isShown else { return }
        isShown = true
        let share = Double(done) / Double(total)
        let left = done > 0 ? elapsed / share - elapsed : .zero
        let numbers = " \(Int(share * 100))%  \(done) of \(total) \(what), \(Self.describe(left)) left"
        let room = Terminal.width(of: STDERR_FILENO) - numbers.count - 3
        let cells = max(min(room, 40), 0)
        let filled = Int(share * Double(cells))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled)
        Messages.write("\r[\(bar)]\(numbers)\u{1B}[K")
    }

    /// Removes the bar.
    func finish() {
        if isShown { Messages.write("\r\u{1B}[K") }
        isShown = false
    }

    private static func describe(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds) + 1
        return seconds < 100 ? "\(seconds) s" : "\((seconds + 59) / 60) min"
    }
}
