import AttentionTensors
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct WorkerPoolTests {
    /// A number that several tasks add to.
    final class Counter: Sendable {
        private let number = Atomic<Int>(0)

        var value: Int { number.load(ordering: .sequentiallyConsistent) }

        func add(_ amount: Int = 1) { number.add(amount, ordering: .sequentiallyConsistent) }
    }

    /// Counts how often each item ran, and notes every breach of the pool's promises.
    final class Ledger: Sendable {
        private let counts: Mutex<[Int]>
        private let busy: Mutex<Set<Int>> = Mutex([])
        private let breaches: Mutex<[String]> = Mutex([])
        private let threads: Int

        init(items: Int, threads: Int) {
            counts = Mutex([Int](repeating: 0, count: items))
            self.threads = threads
        }

        func visit(_ item: Int, _ worker: Int) {
            if worker < 0 || worker >= threads { note("worker \(worker) of \(threads)") }
            if !busy.withLock({ $0.insert(worker).inserted }) { note("worker \(worker) is there twice") }
            counts.withLock { $0[item] += 1 }
            busy.withLock { _ = $0.remove(worker) }
        }

        func note(_ breach: String) { breaches.withLock { $0.append(breach) } }

        var complaints: [String] {
            breaches.withLock { $0 }
                + counts.withLock { $0 }.enumerated().filter { $1 != 1 }.map { "item \($0) ran \($1) times" }
        }
    }

    @Test(arguments: [-1, 0, 1, 2, 3, 7, 16], [0, 1, 2, 3, 16, 1000])
    func everyItemRunsOnce(_ threads: Int, _ count: Int) {
        let pool = WorkerPool(threadCount: threads)
        #expect(pool.threadCount == max(threads, 1))
        for _ in 0..<20 {
            let ledger = Ledger(items: count, threads: pool.threadCount)
            pool.run(count: count) { ledger.visit($0, $1) }
            #expect(ledger.complaints.isEmpty)
        }
    }

    /// More workers than an integer has bits, as on large servers.
    @Test(arguments: [62, 63, 64, 65, 256])
    func manyWorkers(_ threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let ledger = Ledger(items: 1000, threads: threads)
        pool.run(count: 1000) { ledger.visit($0, $1) }
        #expect(ledger.complaints.isEmpty)
    }

    @Test func negativeCountsRunNothing() {
        let calls = Atomic<Int>(0)
        WorkerPool(threadCount: 2).run(count: -5) { _, _ in calls.add(1, ordering: .relaxed) }
        #expect(calls.load(ordering: .relaxed) == 0)
    }

    /// The call returns only when every item has ended: what the items wrote can be read without a lock.
    @Test func returnsWhenAllIsDone() {
        let pool = WorkerPool(threadCount: 3)
        var results = [Int](repeating: 0, count: 257)
        for round in 1...200 {
            results.withUnsafeMutableBufferPointer { results in
                nonisolated(unsafe) let results = results
                pool.run(count: results.count) { item, _ in results[item] = round * item }
            }
            #expect(results.enumerated().allSatisfy { $1 == round * $0 })
        }
    }

    /// A worker's number is its own within one loop, inner loops included.
    @Test(arguments: [1, 2, 4])
    func runsInsideRuns(_ threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let ledger = Ledger(items: 40 * 30, threads: .max)
        pool.run(count: 40) { outer, _ in
            let inside = Ledger(items: 30, threads: threads)
            pool.run(count: 30) { inner, worker in
                inside.visit(inner, worker)
                ledger.visit(outer * 30 + inner, outer * 30 + inner)
            }
            for complaint in inside.complaints { ledger.note(complaint) }
        }
        #expect(ledger.complaints.isEmpty)
    }

    /// Loops inside items of loops, from many threads, on two pools that call each other.
    @Test(.timeLimit(.minutes(5)))
    func nestedCallersAtOnce() async {
        let pools = [WorkerPool(threadCount: 3), WorkerPool(threadCount: 2)]
        let sum = Counter()
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<6 {
                group.addTask {
                    for round in 0..<100 {
                        pools[caller % 2].run(count: 5) { _, _ in
                            pools[(caller + round) % 2].run(count: 4) { _, _ in
                                pools[1 - caller % 2].run(count: 3) { _, _ in sum.add() }
                            }
                        }
                    }
                }
            }
        }
        #expect(sum.value == 6 * 100 * 5 * 4 * 3)
    }

    /// Short loops run on the calling thread, and long ones are shared.
    @Test func shortWorkIsNotSplit() {
        let pool = WorkerPool(threadCount: 4)
        let others = Counter()
        for _ in 0..<1_000 {
            pool.run(count: 100, work: Work(nanoseconds: 100)) { _, worker in
                if worker != 0 { others.add() }
            }
        }
        #expect(others.value == 0)
    }

    /// Threads that compute, callers and workers together, soon are no more than the pool has, and never
    /// fewer than callers: with as many callers as threads the workers step back.
    @Test func workersStepBackForCallers() async {
        let pool = WorkerPool(threadCount: 2)
        let helped = Counter()
        let inside = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    inside.add()
                    while inside.value < 2 { usleep(10) }
                    pool.run(count: 200) { item, worker in
                        if worker != 0, item > 50 { helped.add() }
                        usleep(100)
                    }
                }
            }
        }
        // One caller may end first; then a worker may help the other one with the rest.
        #expect(helped.value < 150)
    }

    @Test func severalCallersAtOnce() async {
        let pool = WorkerPool(threadCount: 2)
        await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var complaints: [String] = []
                    for count in 1...300 {
                        let ledger = Ledger(items: count % 17, threads: 2)
                        pool.run(count: count % 17) { ledger.visit($0, $1) }
                        complaints += ledger.complaints
                    }
                    return complaints
                }
            }
            for await complaints in group { #expect(complaints.isEmpty) }
        }
    }

    /// The places where a wake-up could be missed are hit many times; a hang would be seen as one.
    @Test(.timeLimit(.minutes(5)))
    func manyTinyRuns() {
        let pool = WorkerPool(threadCount: 2)
        let sum = Atomic<Int>(0)
        for _ in 0..<100_000 { pool.run(count: 2) { item, _ in sum.add(item + 1, ordering: .relaxed) } }
        #expect(sum.load(ordering: .relaxed) == 300_000)
    }

    @Test(.timeLimit(.minutes(5)))
    func poolsComeAndGo() {
        let sum = Atomic<Int>(0)
        for threads in 1...200 {
            let pool = WorkerPool(threadCount: threads % 5)
            if threads % 3 != 0 { pool.run(count: 10) { _, _ in sum.add(1, ordering: .relaxed) } }
        }
        #expect(sum.load(ordering: .relaxed) == 10 * (200 - 66))
    }

    @Test func tasksCanHaveTheirOwnPool() {
        let pool = WorkerPool(threadCount: 5)
        WorkerPool.$current.withValue(pool) { #expect(WorkerPool.current === pool) }
        #expect(WorkerPool.current === WorkerPool.shared)
        #expect(WorkerPool.shared.threadCount >= 1)
    }
}
