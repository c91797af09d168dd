import ArgumentParser
import AttentionTensors
import Dispatch

/// The cost of sharing a loop between two threads.
struct PoolBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "A loop's fork and join, beside DispatchQueue.concurrentPerform.",
        discussion: """
            The two take turns, round by round, in one run; medians of the rounds' means. Pieces of work \
            are chains of multiply-adds, as long as the number says when one thread runs one of them.
            """)

    @Option(help: "Rounds of each measurement.")
    var rounds = 9

    private struct Case {
        let name: String
        /// Nanoseconds of an item.
        var piece = 0.0
        /// The pause before each loop in nanoseconds; it is not measured.
        var gap = 0.0
        let loops: Int
    }

    private static let cases = [
        Case(name: "2 empty items", loops: 100_000),
        Case(name: "2 pieces of 1 µs", piece: 1e3, loops: 5_000),
        Case(name: "2 pieces of 6 µs", piece: 6e3, loops: 2_000),
        Case(name: "2 pieces of 6 µs, 30 µs apart", piece: 6e3, gap: 3e4, loops: 1_000),
        Case(name: "2 pieces of 100 µs", piece: 1e5, loops: 200),
    ]

    func run() {
        let pool = WorkerPool(threadCount: 2)
        let step = Self.nanosecondsPerStep()
        print("".padded(30), "concurrentPerform µs", "pool µs", "ratio", separator: "  ")
        for test in Self.cases {
            let (steps, gap) = (Int(test.piece / step), Int(test.gap / step))
            let body = { @Sendable (_: Int) in Self.compute(steps) }
            var (theirs, ours): ([Double], [Double]) = ([], [])
            for round in 0...rounds {
                let their = Self.mean(test.loops, gap) {
                    DispatchQueue.concurrentPerform(iterations: 2, execute: body)
                }
                let own = Self.mean(test.loops, gap) { pool.run(count: 2) { item, _ in body(item) } }
                guard round > 0 else { continue }
                theirs.append(their)
                ours.append(own)
            }
            print(
                test.name.padded(30), (median(theirs) * 1e6).formatted(2).padded(20, left: true),
                (median(ours) * 1e6).formatted(2).padded(8, left: true),
                median(zip(theirs, ours).map { $0 / $1 }).formatted(2).padded(5, left: true), separator: "  ")
        }
    }

    /// Seconds of a loop, without the pauses between loops.
    private static func mean(_ loops: Int, _ gap: Int, _ loop: () -> Void) -> Double {
        guard gap > 0 else { return seconds { for _ in 0..<loops { loop() } } / Double(loops) }
        var total = 0.0
        for _ in 0..<loops {
            compute(gap)
            total += seconds(loop)
        }
        return total / Double(loops)
    }

    private static func nanosecondsPerStep() -> Double {
        let steps = 1_000_000
        return (0..<5).map { _ in seconds { compute(steps) } * 1e9 / Double(steps) }.min()!
    }

    /// A chain of dependent operations, which the compiler cannot shorten.
    @inline(never) private static func compute(_ steps: Int) {
        var x = 1.0
        for step in 0..<steps { x = x * 0.999_999 + Double(step & 1) }
        if x < 0 { print(x) }
    }
}
