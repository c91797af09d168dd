import Synchronization

/// Threads that run the items of a loop, fork-join.
///
/// Items are handed out one by one, in order; an item's result must not depend on the thread that runs it.
/// The caller works too, and leaves when every item has ended; it never waits for a worker that has not
/// begun.
///
/// Any number of callers may be inside at once, from tasks, from threads of the program's own, and from
/// inside an item. Their loops stand open side by side, and workers take items from any. Callers and workers
/// that are awake are never more than ``threadCount`` for long: a worker goes back to sleep after the item in
/// hand as soon as another caller needs its place. Callers beyond that number still run, each on its own
/// thread, because making one wait for another could stop both.
public final class WorkerPool: Sendable {
    /// The pool of this process: `ATTENTION_THREADS` threads, or as many as the process may use.
    public static let shared = WorkerPool(threadCount: ProcessorCount.selected)

    /// The pool that computations of this task use:
    ///
    ///     try WorkerPool.$current.withValue(WorkerPool(threadCount: 2)) { try layer(x) }
    ///
    /// A pool's threads live as long as the pool; make it once and keep it.
    @TaskLocal public static var current: WorkerPool = .shared

    /// How many threads compute at once, the caller's own included.
    public let threadCount: Int
    private let crew: WorkerCrew

    /// Starts `threadCount - 1` threads, which sleep until they are needed.
    public init(threadCount: Int) {
        self.threadCount = max(threadCount, 1)
        crew = WorkerCrew(threadCount: self.threadCount)
        crew.startThreads()
    }

    deinit { crew.shutDown() }

    /// Calls `body(item, worker)` for every item in `0..<count`; `worker` is below ``threadCount``, and no
    /// two calls of this loop with the same worker overlap.
    ///
    /// - Parameters:
    ///   - count: The number of items.
    ///   - work: An estimate of the whole loop on one thread. A loop that is too short to gain from a second
    ///     thread stays on the caller's.
    ///   - body: Runs one item. Task-local values are those of the caller only where the caller runs it.
    public func run(
        count: Int, work: Work = .ample, _ body: (_ item: Int, _ worker: Int) -> Void
    ) {
        guard threadCount > 1, work >= .worthSharing else {
            for item in 0..<max(count, 0) { body(item, 0) }
            return
        }
        crew.run(count: max(count, 0), work: work, body)
    }

    /// `body` of every index in `0..<count`, in order.
    package func map<T>(count: Int, work: Work = .ample, _ body: (Int) -> T) -> [T] {
        [T](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            run(count: count, work: work) { index, _ in buffer.initializeElement(at: index, to: body(index)) }
            initializedCount = count
        }
    }
}
