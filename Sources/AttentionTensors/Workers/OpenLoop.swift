import CAttentionKernels

/// A place where a caller's loop stands open for workers to take items from. The pool has a few for its whole
/// life; callers come and go.
///
/// `@unchecked Sendable`: ``body`` and ``count`` are written by the caller that holds the place, before it
/// opens it, and read by threads that have been handed an item and have not yet reported it done. The caller
/// leaves only when every item has been reported.
final class OpenLoop: @unchecked Sendable {
    /// Items not yet handed out, the next one being `count - remaining`. Nothing is left at zero or below.
    private let remaining = WaitableCounter()
    /// Items that ended, of those that workers took.
    private let finished = WaitableCounter()
    /// 1 while the caller sleeps on ``finished``.
    private let sleeper = WaitableCounter()
    /// The estimated ``Work`` of one item, in nanoseconds.
    private let itemCost = WaitableCounter()
    private var count = 0
    private var body: ((Int, Int) -> Void)?

    deinit {
        for counter in [remaining, finished, sleeper, itemCost] { counter.deallocate() }
    }

    /// Opens the place, with item 0 taken by the caller.
    func open(count: Int, work: Work, _ body: @escaping (Int, Int) -> Void) {
        self.count = count
        itemCost.set(work.nanoseconds / count)
        self.body = body
        finished.set(0)
        remaining.set(count - 1)
    }

    var hasItems: Bool { remaining.value > 0 }

    /// About how long what is left takes on one thread.
    var workLeft: Work {
        let (nanoseconds, isMuch) = itemCost.value.multipliedReportingOverflow(by: max(remaining.value, 0))
        return isMuch ? .ample : Work(nanoseconds: nanoseconds)
    }

    /// The caller's part: runs items from 0 on until none is left, and waits for those that workers have.
    func runAndJoin() {
        guard let body else { return }
        var own = 0
        var left = count
        while left > 0 {
            body(count - left, 0)
            own += 1
            left = remaining.value > 0 ? remaining.add(-1) : 0
        }
        wait(for: count - own)
        self.body = nil
    }

    /// A worker's part: runs items until none is left or `mayStay` returns false.
    func help(as worker: Int, while mayStay: () -> Bool) {
        var done = 0
        while remaining.value > 0 {
            let left = remaining.add(-1)
            guard left > 0, let body else { break }
            body(count - left, worker)
            done += 1
            if !mayStay() { break }
        }
        guard done > 0 else { return }
        finished.add(done)
        if sleeper.value != 0 { finished.wake(1) }
    }

    private func wait(for items: Int) {
        guard finished.value < items else { return }
        var patience = Patience(nanoseconds: 50_000)
        while patience.lasts() {
            if finished.value >= items { return }
        }
        sleeper.set(1)
        while true {
            let now = finished.value
            if now >= items { break }
            finished.wait(while: now)
        }
        sleeper.set(0)
    }
}
