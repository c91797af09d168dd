import AttentionHub
import Foundation
import Synchronization

/// A bar on standard error for work that takes a while: only on a terminal, and only once the work has taken
/// half a second.
final class ProgressBar: Sendable {
    /// The unit of the numbers in the bar.
    enum Unit: Sendable {
        /// Things of this name, such as `texts`.
        case things(String)
        case bytes
    }

    private struct State {
        var isShown = false
        var lastTime: ContinuousClock.Instant?
        /// The count at the start.
        var first: Int?
    }

    private let unit: Unit
    private let start = ContinuousClock.now
    private let isEnabled: Bool
    private let total: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - what: What is counted, such as `texts`.
    ///   - total: How many there are.
    ///   - isEnabled: False where results appear on the same terminal meanwhile.
    convenience init(_ what: String, total: Int, isEnabled: Bool = true) {
        self.init(.things(what), total: total, isEnabled: isEnabled && total > 1)
    }

    init(_ unit: Unit, total: Int = 0, isEnabled: Bool = true) {
        self.unit = unit
        self.total = total
        self.isEnabled = isEnabled && Messages.isTerminal
    }

    func update(_ done: Int) { update(done, of: total) }

    /// - Parameter total: how many there are, as far as is known by now.
    func update(_ done: Int, of total: Int) {
        guard isEnabled, total > 0 else { return }
        let now = ContinuousClock.now
        let elapsed = now - start
        state.withLock { state in
            let first = state.first ?? (unit.isBytes ? done : 0)
            state.first = first
            // Ten times a second are enough for the eye, and cost nothing.
            let isDue = state.lastTime.map { now - $0 > .milliseconds(100) } ?? (elapsed > .milliseconds(500))
            guard isDue || state.isShown && done == total else { return }
            state.isShown = true
            state.lastTime = now
            show(done, of: total, new: done - first, elapsed)
        }
    }

    private func show(_ done: Int, of total: Int, new: Int, _ elapsed: Duration) {
        let share = min(Double(done) / Double(total), 1)
        let left = new > 0 ? elapsed * (Double(total - done) / Double(new)) : .zero
        let numbers =
            " \(Int(share * 100))%  \(unit.describe(done, of: total, new: new, elapsed)), "
            + "\(Self.describe(left)) left"
        let room = Terminal.width(of: STDERR_FILENO) - numbers.count - 3
        let cells = max(min(room, 40), 0)
        let filled = Int(share * Double(cells))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled)
        Messages.write("\r[\(bar)]\(numbers)\u{1B}[K")
    }

    /// Removes the bar.
    func finish() {
        state.withLock { state in
            if state.isShown { Messages.write("\r\u{1B}[K") }
            state.isShown = false
        }
    }

    private static func describe(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds) + 1
        return seconds < 100 ? "\(seconds) s" : "\((seconds + 59) / 60) min"
    }
}

extension ProgressBar.Unit {
    fileprivate var isBytes: Bool {
        if case .bytes = self { true } else { false }
    }

    fileprivate func describe(_ done: Int, of total: Int, new: Int, _ elapsed: Duration) -> String {
        switch self {
        case .things(let what): return "\(done) of \(total) \(what)"
        case .bytes:
            let speed = Double(new) / max(elapsed / .seconds(1), 0.001)
            return "\(ByteCount(done)) of \(ByteCount(total)), \(ByteCount(Int(speed)))/s"
        }
    }
}
