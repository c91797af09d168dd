import AttentionTensors
import CAttentionKernels

extension BackwardPass {
    /// A block of queries with the mask's values for one class of batch elements and heads.
    struct Unit {
        let plan: QueryPlan
        var table: MaskTable?
    }

    /// The blocks and segments of the problem under the mask, for one class.
    private struct Layout {
        let units: [Unit]
        let segments: [KeySegment]
        /// For each block of queries, the segments that contribute to its gradients, except the run's first.
        let later: [[Int]]

        init(_ pass: BackwardPass, _ pair: HeadPair, sharesBias: Bool) {
            let tiled = pass.tiled
            let plans = tiled.blocks.map {
                QueryPlan(
                    tiled.problem, tiled.kernels, $0, batch: pair.batch,
                    firstHead: pair.keyHead * tiled.problem.group)
            }
            units = plans.map { Unit(plan: $0, table: nil) }
            let cuts = Set(tiled.problem.queryCuts + [0])
            let starts = tiled.blocks.indices.filter {
                cuts.contains(tiled.blocks[$0].queries.lowerBound) && tiled.blocks[$0].heads.lowerBound == 0
            }
            let segments = KeySegment.all(plans, cuts: starts, sharesBias: sharesBias)
            self.segments = segments
            later = plans.indices.map { block in
                segments.filter {
                    $0.number > 0 && $0.blocks.contains(block) && !$0.keys(of: plans[block]).isEmpty
                }.map(\.number)
            }
        }
    }

    /// The most floats of a wave's gradients of queries: 64 MiB.
    private static let waveFloats = 1 << 24

    /// Runs all items. Returns the gradients of ALiBi's slopes and of the table of relative positions.
    func runWaves(_ operands: Operands) -> (slopes: Tensor?, relative: Tensor?) {
        let extent = problem.extent
        let classes = MaskClasses(problem)
        let sharesBias = wanted.contains(.bias) && operands.biasStrides[1] == 0 && problem.keyHeads > 1
        let layouts = WorkerPool.current.map(count: classes.count) {
            Layout(self, classes.example($0), sharesBias: sharesBias)
        }
        let size = HeadSums.count(problem)
        var sums = [Double](repeating: 0, count: extent.heads * size)
        let isEmpty = layouts.allSatisfy { $0.segments.isEmpty }
        for wave in isEmpty ? [] : waves(operands, segments: layouts) {
            let own = wave.map { layouts[classes.index(of: $0)] }
            let parts = run(wave, own, classes: wave.map { classes.index(of: $0) }, operands)
            for (head, part) in parts {
                for (index, sum) in part.enumerated() { sums[head * size + index] += sum }
            }
        }
        func tensor(_ shape: Shape, _ input: AttentionOperator.Inputs, _ place: (Int) -> Int) -> Tensor? {
            guard wanted.contains(input) else { return nil }
            return Tensor(shape: shape) {
                for index in $0.indices { $0.initializeElement(at: index, to: Float(sums[place(index)])) }
            }
        }
        let heads = extent.heads
        return (
            tensor([heads], .slopes) { $0 * size },
            tensor([size - 1, heads], .relative) { $0 % heads * size + 1 + $0 / heads }
        )
    }

    /// Pairs that may run side by side, in order.
    private func waves(_ operands: Operands, segments layouts: [Layout]) -> [[HeadPair]] {
        let (extent, strides) = (problem.extent, operands.biasStrides)
        let all = (0..<extent.batch * problem.keyHeads).map {
            HeadPair(batch: $0 / problem.keyHeads, keyHead: $0 % problem.keyHeads)
        }
        var groups = [all]
        if wanted.contains(.bias) {
            if strides[0] == 0 { groups = groups.flatMap { group in split(group, by: \.batch) } }
            if strides[1] == 0 { groups = groups.flatMap { group in split(group, by: \.keyHead) } }
        }
        let later = layouts.flatMap(\.segments).map(\.number).max() ?? 0
        let floats = max(later * problem.group * extent.queries * problem.headWidth, 1)
        let segments = layouts.map(\.segments.count).max() ?? 1
        let enough = (4 * WorkerPool.current.threadCount + segments - 1) / max(segments, 1)
        let most = max(Self.waveFloats / floats, enough)
        return groups.flatMap { group in
            stride(from: 0, to: group.count, by: most).map { Array(group[$0..<min($0 + most, group.count)]) }
        }
    }

    private func split(_ pairs: [HeadPair], by part: KeyPath<HeadPair, Int>) -> [[HeadPair]] {
        Dictionary(grouping: pairs) { $0[keyPath: part] }.sorted { $0.key < $1.key }.map(\.value)
    }

    // MARK: - A wave

    /// Runs the items of a wave. Returns the parts of the gradients of heads' own numbers, in order.
    private func run(
        _ pairs: [HeadPair], _ layouts: [Layout], classes: [Int], _ operands: Operands
    ) -> [(head: Int, sums: ArraySlice<Double>)] {
        // The first segments of all pairs first: under a causal mask they are the longest, and the short ones
        // fill the gaps.
        var items: [(pair: Int, segment: Int)] = []
        for (pair, layout) in layouts.enumerated() { items += layout.segments.indices.map { (pair, $0) } }
        items.sort { a, b in
            let (x, y) = (
                layouts[a.pair].segments[a.segment].number, layouts[b.pair].segments[b.segment].number
            )
            return (x, a.pair, a.segment) < (y, b.pair, b.segment)
        }
        let segments = layouts.flatMap(\.segments)
        let longest = segments.map(\.keys.count).max() ?? 0
        let later = segments.map(\.number).max() ?? 0
        let scratch = BackwardScratch.Layout(tiled, segmentKeys: longest)
        let group = problem.group
        let rowFloats = group * problem.headWidth
        let partSize = problem.extent.queries * rowFloats
        let sumCount = HeadSums.count(problem)
        var sums = [Double](repeating: 0, count: items.count * group * sumCount)
        sums.withUnsafeMutableBufferPointer { sums in
            MemoryPool.withFloats(pairs.count * later * partSize) { parts in
                MemoryPool.withFloats(scratch.count * WorkerPool.current.threadCount) { memory in
                    for round in rounds(layouts) {
                        withTables(round, pairs, layouts, classes) { units in
                            WorkerPool.current.run(count: items.count, work: work) { item, worker in
                                let (pair, segment) = items[item]
                                let own = BackwardItem(
                                    pass: self, operands: operands, pair: pairs[pair],
                                    segment: layouts[pair].segments[segment],
                                    scratch: BackwardScratch(
                                        base: memory + worker * scratch.count, layout: scratch),
                                    parts: parts + pair * later * partSize,
                                    sums: HeadSums(
                                        base: sums.baseAddress! + item * group * sumCount,
                                        bucketCount: sumCount - 1))
                                own.run(units[pair])
                            }
                            add(parts, later: later, pairs, layouts, round, operands)
                        }
                    }
                }
            }
        }
        return items.indices.sorted {
            (items[$0].pair, items[$0].segment) < (items[$1].pair, items[$1].segment)
        }
        .flatMap { item in
            (0..<group).map { head in
                let first = (item * group + head) * sumCount
                return (pairs[items[item].pair].keyHead * group + head, sums[first..<first + sumCount])
            }
        }
    }

    private var work: Work {
        let (extent, products) = (problem.extent, 3 * problem.headWidth + 2 * problem.valueWidth)
        return .multiplyAdds(extent.batch * extent.heads * extent.queries * extent.keys / 2 * products)
    }

    /// Blocks of queries whose masks' tables are held together.
    private func rounds(_ layouts: [Layout]) -> [Range<Int>] {
        let count = tiled.blocks.count
        guard !problem.parameters.mask.isInterval else { return [0..<count] }
        let words = max(
            MaskTable.mostWordsOfBlock(tiled) * min(MaskClasses(problem).count, layouts.count), 1)
        let most = max(MaskTable.mostWords / words, 1)
        return stride(from: 0, to: count, by: most).map { $0..<min($0 + most, count) }
    }

    /// Calls `body` with each pair's blocks of a round, with their tables.
    private func withTables(
        _ round: Range<Int>, _ pairs: [HeadPair], _ layouts: [Layout], _ classes: [Int],
        _ body: (_ units: [[Int: Unit]]) -> Void
    ) {
        guard !problem.parameters.mask.isInterval else {
            return body(
                layouts.map { layout in Dictionary(uniqueKeysWithValues: round.map { ($0, layout.units[$0]) })
                })
        }
        let distinct = Dictionary(zip(classes, pairs.indices)) { first, _ in first }.sorted {
            $0.key < $1.key
        }
        let tasks = distinct.flatMap { entry in round.map { (class: entry.key, pair: entry.value, block: $0) }
        }
        var ends = [0]
        for task in tasks {
            ends.append(ends[ends.count - 1] + MaskTable.wordCount(layouts[task.pair].units[task.block].plan))
        }
        let count = ends[ends.count - 1]
        MemoryPool.withFloats(2 * count) { memory in
            let words = UnsafeMutableRawPointer(memory).bindMemory(to: UInt64.self, capacity: max(count, 1))
            let units = WorkerPool.current.map(count: tasks.count) { index in
                let task = tasks[index]
                let plan = layouts[task.pair].units[task.block].plan
                let segment = layouts[task.pair].segments.first { $0.blocks.contains(task.block) }
                let pair = pairs[task.pair]
                return Unit(
                    plan: plan,
                    table: MaskTable(
                        plan, problem, batch: pair.batch, firstHead: pair.keyHead * problem.group,
                        words: words + ends[index], firstKey: segment?.grid(plan)))
            }
            var byClass: [Int: [Int: Unit]] = [:]
            for (task, unit) in zip(tasks, units) { byClass[task.class, default: [:]][task.block] = unit }
            body(classes.map { byClass[$0] ?? [:] })
        }
    }

    /// Adds the later segments' gradients of queries to the first ones', in order.
    private func add(
        _ parts: UnsafeMutablePointer<Float>, later: Int, _ pairs: [HeadPair], _ layouts: [Layout],
        _ round: Range<Int>, _ operands: Operands
    ) {
        guard later > 0, needsQueries else { return }
        let (extent, group, width) = (problem.extent, problem.group, problem.headWidth)
        WorkerPool.current.run(
            count: pairs.count * round.count, work: .bytes(8 * pairs.count * extent.queries * group * width)
        ) { item, _ in
            let (pair, block) = (item / round.count, round.lowerBound + item % round.count)
            let (rows, place) = (tiled.blocks[block], pairs[pair])
            for number in layouts[pair].later[block] {
                let part = parts + (pair * later + number - 1) * extent.queries * group * width
                for query in rows.queries {
                    let row =
                        operands.query
                        + ((place.batch * extent.queries + query) * extent.heads + place.keyHead * group
                            + rows.heads.lowerBound) * width
                    kernels.elementwise.add(
                        row, part + (query * group + rows.heads.lowerBound) * width,
                        Int64(rows.heads.count * width), row)
                }
            }
        }
    }
}
