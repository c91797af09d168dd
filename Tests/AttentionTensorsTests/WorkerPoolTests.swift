import AttentionTensors
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
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

    @Test func aNegativeCountIsNothing() {
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

    @Test(arguments: [1, 2, 4])
    func runsInsideRuns(_ threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let ledger = Ledger(items: 40 * 30, threads: 1_000)
        pool.run(count: 40) { outer, worker in
            pool.run(count: 30) { inner, innerWorker in
                if innerWorker != 0 { ledger.note("a nested item ran on worker \(innerWorker)") }
                ledger.visit(outer * 30 + inner, worker)
            }
        }
        #expect(ledger.complaints.isEmpty)
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
        for _ in 0..<30_000 { pool.run(count: 2) { item, _ in sum.add(item + 1, ordering: .relaxed) } }
        #expect(sum.load(ordering: .relaxed) == 90_000)
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

    @Test func aTaskCanHaveItsOwn() {
        let pool = WorkerPool(threadCount: 5)
        WorkerPool.$current.withValue(pool) { #expect(WorkerPool.current === pool) }
        #expect(WorkerPool.current === WorkerPool.shared)
        #expect(WorkerPool.shared.threadCount >= 1)
    }
}
