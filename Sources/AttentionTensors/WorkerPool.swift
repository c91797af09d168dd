import CAttentionKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads that run the items of a loop, fork-join.
///
/// A worker that finishes spins for a moment before it sleeps, so that loops close together start
/// without a system call. The join does not wait for workers that never woke up. Items are handed out
/// one by one, in order; what an item computes must not depend on who runs it.
///
/// A caller that finds the pool busy (from another task, or from inside an item) runs its loop on its own
/// thread: several callers never wait for each other and never use more threads than the pool has.
package final class WorkerPool: Sendable {
    /// The pool of this process: `ATTENTION_THREADS` threads, or as many as the process may use.
    package static let shared = WorkerPool(threadCount: ProcessorCount.selected)

    /// The pool that computations of this task use.
    @TaskLocal package static var current: WorkerPool = .shared

    package let threadCount: Int
    private let state: State

    package init(threadCount: Int) {
        self.threadCount = max(threadCount, 1)
        state = State()
        for worker in 1..<max(threadCount, 1) { Self.startThread(worker, state) }
    }

    deinit { state.shutDown() }

    /// Calls `body(item, worker)` for every item in `0..<count`; `worker` is below ``threadCount``, and no two
    /// calls with the same worker overlap.
    package func run(count: Int, _ body: (_ item: Int, _ worker: Int) -> Void) {
        guard count > 1, threadCount > 1, state.tryAcquire() else {
            for item in 0..<max(count, 0) { body(item, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            var job = Job(body: body, count: count)
            withUnsafePointer(to: &job) { state.publishAndJoin(UnsafeRawPointer($0)) }
        }
        state.release()
    }

    private struct Job {
        let body: (Int, Int) -> Void
        let count: Int
    }

    /// What the caller and the workers share. Everything is atomic or constant, except that the job's
    /// memory is the caller's: it stays valid because the caller leaves only when no worker is inside.
    ///
    /// `@unchecked Sendable`: the only unprotected members are the two POSIX objects, which are made for this.
    private final class State: @unchecked Sendable {
        private let busy = Atomic<Bool>(false)
        private let epoch = Atomic<Int>(0)
        private let isOpen = Atomic<Bool>(false)
        private let inside = Atomic<Int>(0)
        private let parked = Atomic<Int>(0)
        private let next = Atomic<Int>(0)
        private let job = Atomic<UInt>(0)
        private let stopping = Atomic<Bool>(false)
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        /// Pauses before a worker sleeps: about 10 µs, the gap between two loops of a layer.
        private static let spins = 300

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_mutex_destroy(mutex)
            pthread_cond_destroy(condition)
            mutex.deallocate()
            condition.deallocate()
        }

        func tryAcquire() -> Bool {
            busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        }

        func release() { busy.store(false, ordering: .releasing) }

        func publishAndJoin(_ address: UnsafeRawPointer) {
            job.store(UInt(bitPattern: address), ordering: .relaxed)
            next.store(0, ordering: .relaxed)
            isOpen.store(true, ordering: .sequentiallyConsistent)
            wake()
            work(as: 0)
            isOpen.store(false, ordering: .sequentiallyConsistent)
            var waits = 0
            while inside.load(ordering: .sequentiallyConsistent) != 0 {
                ak_spin_hint()
                waits += 1
                if waits % 2000 == 0 { sched_yield() }
            }
        }

        func shutDown() {
            stopping.store(true, ordering: .sequentiallyConsistent)
            wake()
        }

        private func wake() {
            epoch.add(1, ordering: .sequentiallyConsistent)
            guard parked.load(ordering: .sequentiallyConsistent) > 0 else { return }
            pthread_mutex_lock(mutex)
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }

        func serve(as worker: Int) {
            var seen = 0
            while true {
                seen = waitForEpoch(after: seen)
                if stopping.load(ordering: .sequentiallyConsistent) { return }
                // Entering before looking whether the loop is still open: the caller looks in the other order.
                inside.add(1, ordering: .sequentiallyConsistent)
                if isOpen.load(ordering: .sequentiallyConsistent) { work(as: worker) }
                inside.subtract(1, ordering: .sequentiallyConsistent)
            }
        }

        private func waitForEpoch(after seen: Int) -> Int {
            for _ in 0..<Self.spins {
                let now = epoch.load(ordering: .acquiring)
                if now != seen { return now }
                ak_spin_hint()
            }
            pthread_mutex_lock(mutex)
            parked.add(1, ordering: .sequentiallyConsistent)
            while epoch.load(ordering: .sequentiallyConsistent) == seen {
                pthread_cond_wait(condition, mutex)
            }
            parked.subtract(1, ordering: .sequentiallyConsistent)
            pthread_mutex_unlock(mutex)
            return epoch.load(ordering: .sequentiallyConsistent)
        }

        private func work(as worker: Int) {
            guard let address = UnsafeRawPointer(bitPattern: job.load(ordering: .acquiring)) else { return }
            let job = address.assumingMemoryBound(to: Job.self)
            let count = job.pointee.count
            while true {
                let item = next.add(1, ordering: .relaxed).oldValue
                if item >= count { return }
                job.pointee.body(item, worker)
            }
        }
    }

    /// What a new thread is handed.
    private final class Start {
        let worker: Int
        let state: State

        init(worker: Int, state: State) {
            self.worker = worker
            self.state = state
        }
    }

    #if canImport(Darwin)
        private typealias ThreadHandle = pthread_t?
    #else
        private typealias ThreadHandle = pthread_t
    #endif

    private static func startThread(_ worker: Int, _ state: State) {
        let start = Unmanaged.passRetained(Start(worker: worker, state: state))
        let handle = UnsafeMutablePointer<ThreadHandle>.allocate(capacity: 1)
        defer { handle.deallocate() }
        guard pthread_create(handle, nil, workerEntry, start.toOpaque()) == 0 else {
            return start.release()  // a system without room for another thread still computes, on fewer
        }
        #if canImport(Darwin)
            if let thread = handle.pointee { pthread_detach(thread) }
        #else
            pthread_detach(handle.pointee)
        #endif
    }

    fileprivate static func serve(_ argument: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.state.serve(as: start.worker)
    }
}

#if canImport(Darwin)
    private func workerEntry(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        WorkerPool.serve(argument)
        return nil
    }
#else
    private func workerEntry(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { WorkerPool.serve(argument) }
        return nil
    }
#endif
