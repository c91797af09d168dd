#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The state that a pool's callers and workers share. The workers keep it alive.
///
/// Everything is constant or a counter.
final class WorkerCrew: Sendable {
    let threadCount: Int
    private let loops: [OpenLoop]
    /// A bit for each of ``loops`` that a caller holds, and for each that workers may look into.
    private let held = WaitableCounter()
    private let open = WaitableCounter()
    /// Callers inside and workers awake.
    private let awake = WaitableCounter()
    /// Workers asleep, or about to be.
    private let asleep = WaitableCounter()
    /// Changes when sleepers are called.
    private let bell = WaitableCounter()
    /// 1 when the pool is gone.
    private let isOver = WaitableCounter()

    /// Nanoseconds that a worker looks out for more before it sleeps: longer than the gap between two loops
    /// of a layer, and about what it costs to wake it again.
    private static let patience = 50_000

    init(threadCount: Int) {
        self.threadCount = threadCount
        // Callers beyond the number of threads get no help, so they need no place.
        loops = (0..<min(threadCount, 16)).map { _ in OpenLoop() }
    }

    private var address: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    deinit {
        for counter in [held, open, awake, asleep, bell, isOver] { counter.deallocate() }
    }

    func shutDown() {
        isOver.set(1)
        bell.add(1)
        bell.wake(.max)
    }

    // MARK: Callers

    func run(count: Int, work: Work, _ body: (Int, Int) -> Void) {
        let outer = CurrentCrew.address
        let isNested = outer == address  // a thread inside an item is counted already
        if !isNested { enter() }
        if count > 1, let place = takePlace() {
            withoutActuallyEscaping(body) { body in
                let loop = loops[place]
                loop.open(count: count, work: work, body)
                open.insert(1 << place)
                if work >= .worthWaking { call(count - 1) }
                loop.runAndJoin()
                open.remove(1 << place)
            }
            held.remove(1 << place)
        } else {
            for item in 0..<count { body(item, 0) }
        }
        if !isNested { leave(for: outer) }
    }

    private func takePlace() -> Int? {
        while true {
            let taken = held.value
            let place = (~taken).trailingZeroBitCount
            guard place < loops.count else { return nil }
            if held.exchange(taken, for: taken | 1 << place) { return place }
        }
    }

    private func enter() {
        awake.add(1)
        CurrentCrew.set(address)
    }

    private func leave(for outer: UnsafeMutableRawPointer?) {
        CurrentCrew.set(outer)
        awake.add(-1)
        // A worker may have made room for this caller while another's loop was open.
        guard open.value != 0 else { return }
        if let place = openPlace(after: 0), loops[place].workLeft >= .worthWaking { call(1) }
    }

    /// Wakes up to `most` sleepers, as many as there is room for.
    private func call(_ most: Int) {
        guard asleep.value > 0 else { return }
        let count = min(most, threadCount - awake.value)
        guard count > 0 else { return }
        bell.add(1)
        bell.wake(count)
    }

    // MARK: Workers

    func serve(as worker: Int) {
        CurrentCrew.set(address)
        while sleepUntilCalled() { lookOut(as: worker) }
    }

    /// Helps wherever a loop stands open, until there is nothing for a while, or a caller needs the place.
    private func lookOut(as worker: Int) {
        var latest = worker
        var patience = Patience(nanoseconds: Self.patience)
        while true {
            if let place = openPlace(after: latest) {
                if makeRoom() { return }
                latest = place
                loops[place].help(as: worker) { awake.value <= threadCount }
                patience.renew()
            } else if !patience.lasts() {
                awake.add(-1)
                return
            }
        }
    }

    /// The next place with items to take, so that workers spread over the loops.
    private func openPlace(after latest: Int) -> Int? {
        var places = open.value
        guard places != 0 else { return nil }
        let later = places & (~0 << (latest + 1))
        while places != 0 {
            let place = (later & places != 0 ? later & places : places).trailingZeroBitCount
            if loops[place].hasItems { return place }
            places &= ~(1 << place)
        }
        return nil
    }

    /// Gives up the worker's place if more than fit are awake; of several workers only as many as must.
    private func makeRoom() -> Bool {
        while true {
            let count = awake.value
            if count <= threadCount { return false }
            if awake.exchange(count, for: count - 1) { return true }
        }
    }

    /// Takes a place if there is one.
    private func wakeUp() -> Bool {
        while true {
            let count = awake.value
            if count >= threadCount { return false }
            if awake.exchange(count, for: count + 1) { return true }
        }
    }

    /// Returns true when there is something to look out for, and false when the pool is gone.
    private func sleepUntilCalled() -> Bool {
        asleep.add(1)
        defer { asleep.add(-1) }
        while isOver.value == 0 {
            // A caller opens a loop, or leaves, before it looks for sleepers. This thread counts as a sleeper
            // before it looks for open loops and for room. So one of the two sees the other.
            let rings = bell.value
            if openPlace(after: 0) != nil, wakeUp() { return true }
            bell.wait(while: rings)
            if isOver.value == 0, wakeUp() { return true }
        }
        return false
    }
}

/// The crew whose item, or whose caller, this thread is in the middle of.
enum CurrentCrew {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static var address: UnsafeMutableRawPointer? { pthread_getspecific(key) }

    static func set(_ address: UnsafeMutableRawPointer?) { pthread_setspecific(key, address) }
}
