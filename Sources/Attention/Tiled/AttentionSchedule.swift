import AttentionTensors
import CAttentionKernels

/// The order of a call's items, and the data that they share. No result depends on the order.
///
/// A *unit* is a block of queries with the mask's values for it. It is prepared once for all heads and batch
/// elements for which the mask has the same values. Units are prepared in rounds, so that the tables of a
/// mask that is no interval take a bounded amount of memory.
struct AttentionSchedule {
    private let tiled: TiledAttention
    private let operands: TiledAttention.Operands
    private let results: TiledAttention.Results
    private let classes: MaskClasses
    /// The parts that the decoder's schedule has computed already.
    private let decoded: Set<TiledAttention.Part>

    init(
        _ tiled: TiledAttention, _ operands: TiledAttention.Operands, _ results: TiledAttention.Results,
        leavingOut decoded: Set<TiledAttention.Part> = []
    ) {
        self.decoded = decoded
        self.tiled = tiled
        self.operands = operands
        self.results = results
        classes = MaskClasses(tiled.problem)
    }

    private struct Unit {
        let plan: QueryPlan
        let table: MaskTable?
        /// One of the pairs that share the unit.
        let example: HeadPair
    }

    private var problem: AttentionProblem { tiled.problem }
    /// The items of a unit.
    private var members: Int { classes.members }

    func run() {
        let count = tiled.blocks.count * classes.count
        for first in stride(from: 0, to: count, by: unitsPerRound) {
            withUnits(first..<min(first + unitsPerRound, count)) { units in
                if shouldSplitKeys(units) { runSegments(units) } else { runItems(units) }
            }
        }
    }

    private var unitsPerRound: Int {
        if problem.parameters.mask.isInterval { return max(tiled.blocks.count * classes.count, 1) }
        let words = max(MaskTable.mostWordsOfBlock(tiled), 1)
        return max(MaskTable.mostWords / words, 2 * WorkerPool.current.threadCount)
    }

    // MARK: - Units

    private func withUnits(_ range: Range<Int>, _ body: ([Unit]) -> Void) {
        let units = WorkerPool.current.map(count: range.count) { unit(range.lowerBound + $0) }
        guard !problem.parameters.mask.isInterval else { return body(units) }
        var ends = [0]
        for unit in units { ends.append(ends[ends.count - 1] + MaskTable.wordCount(unit.plan)) }
        let count = ends[ends.count - 1]
        MemoryPool.withFloats(2 * count) { memory in
            let words = UnsafeMutableRawPointer(memory).bindMemory(to: UInt64.self, capacity: count)
            body(
                WorkerPool.current.map(count: units.count) { index in
                    let unit = units[index]
                    let table = MaskTable(
                        unit.plan, problem, batch: unit.example.batch,
                        firstHead: unit.example.keyHead * problem.group,
                        words: words + ends[index])
                    return Unit(plan: unit.plan, table: table, example: unit.example)
                })
        }
    }

    private func unit(_ index: Int) -> Unit {
        let example = classes.example(index % classes.count)
        // The last block of queries first: under a causal mask it is the longest, and the short ones fill the
        // gaps.
        let rows = tiled.blocks[tiled.blocks.count - 1 - index / classes.count]
        let plan = QueryPlan(
            problem, tiled.kernels, rows, batch: example.batch, firstHead: example.keyHead * problem.group)
        return Unit(plan: plan, table: nil, example: example)
    }

    // MARK: - Items

    private func runItems(_ units: [Unit]) {
        forEach(units.count * members) { item, scratch in
            let block = block(item, of: units, scratch)
            if !isDecoded(block) { block.attend(into: results) }
        }
    }

    /// Few queries and many keys: workers share the segments of the keys.
    private func shouldSplitKeys(_ units: [Unit]) -> Bool {
        let threads = WorkerPool.current.threadCount
        return threads > 1 && units.count * members < 4 * threads
            && units.contains { tiled.segmentCount($0.plan) > 1 }
    }

    private func runSegments(_ units: [Unit]) {
        let segments = (0..<units.count * members).map { tiled.segmentCount(units[$0 / members].plan) }
        let tasks = segments.enumerated().flatMap { item, count in
            (0..<count).map { (item: item, segment: $0) }
        }
        let layout = AttentionScratch.Layout(problem, tiled.kernels)
        let size = RunningSums.count(lanes: layout.lanes, valueWidth: problem.valueWidth)
        MemoryPool.withFloats(tasks.count * size) { memory in
            func sums(_ task: Int) -> RunningSums {
                RunningSums(memory + task * size, lanes: layout.lanes, valueWidth: problem.valueWidth)
            }
            forEach(tasks.count) { task, scratch in
                let block = block(tasks[task].item, of: units, scratch)
                if isDecoded(block) { return }
                block.begin()
                block.attend(segment: tasks[task].segment, sums(task))
            }
            var firsts = [0]
            for count in segments { firsts.append(firsts[firsts.count - 1] + count) }
            forEach(segments.count) { item, scratch in
                let block = block(item, of: units, scratch)
                if isDecoded(block) { return }
                // One without keys has had no task.
                guard segments[item] > 0 else { return block.attend(into: results) }
                block.begin()
                for segment in 1..<segments[item] {
                    block.merge(sums(firsts[item] + segment), into: sums(firsts[item]))
                }
                block.finish(sums(firsts[item]), into: results)
            }
        }
    }

    private func forEach(_ count: Int, _ body: (Int, AttentionScratch) -> Void) {
        let layout = AttentionScratch.Layout(problem, tiled.kernels)
        MemoryPool.withFloats(layout.count * WorkerPool.current.threadCount) { memory in
            WorkerPool.current.run(count: count) { item, worker in
                body(item, AttentionScratch(memory + worker * layout.count, layout))
            }
        }
    }

    private func isDecoded(_ block: QueryBlock) -> Bool {
        !decoded.isEmpty
            && decoded.contains(TiledAttention.Part(batch: block.batch, queries: block.plan.rows.queries))
    }

    /// Neighbouring items share a block of queries; the unit's members follow each other.
    private func block(_ item: Int, of units: [Unit], _ scratch: AttentionScratch) -> QueryBlock {
        let unit = units[item / members]
        let pair = classes.member(item % members, of: unit.example)
        return QueryBlock(
            tiled: tiled, operands: operands, scratch: scratch, batch: pair.batch, keyHead: pair.keyHead,
            plan: unit.plan, table: unit.table)
    }
}
