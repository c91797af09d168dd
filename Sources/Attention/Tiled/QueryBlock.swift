import AttentionTensors
import CAttentionKernels

/// One item of the tiled path: a block of queries of the heads that share a key head, against the keys that
/// they see.
struct QueryBlock {
    let tiled: TiledAttention
    let operands: TiledAttention.Operands
    let scratch: AttentionScratch
    let batch: Int
    let keyHead: Int
    let plan: QueryPlan
    /// The mask's values; nil for an interval.
    let table: MaskTable?

    var problem: AttentionProblem { tiled.problem }
    var kernels: ak_kernels { tiled.kernels.table.pointee }

    /// The query head of a row of the block.
    func head(_ row: Int) -> Int { keyHead * problem.group + plan.rows.head(row) }

    /// The online softmax over all keys, and the results.
    ///
    /// Every segment of the keys has running sums of its own, which are added up in order: the bits are the
    /// same when other workers take the later segments.
    func attend(into results: TiledAttention.Results) {
        begin()
        attend(segment: 0, scratch.sums)
        for segment in 1..<max(tiled.segmentCount(plan), 1) {
            attend(segment: segment, scratch.more)
            merge(scratch.more, into: scratch.sums)
        }
        finish(scratch.sums, into: results)
    }

    /// The online softmax over one segment of the keys. Blocks of keys are outermost, so that keys and values
    /// are read from memory once for all panels.
    func attend(segment: Int, _ sums: RunningSums) {
        for panel in plan.panels { sums.clear(panel, valueWidth: problem.valueWidth) }
        forEachBlock(of: tiled.segment(segment, of: plan)) { panel, _, block in
            let running = sums.sums(panel, valueWidth: problem.valueWidth)
            (block.o_panel, block.maximum, block.total) = (running.o_panel, running.maximum, running.total)
            kernels.attend_block(&block)
        }
    }

    func merge(_ sums: RunningSums, into total: RunningSums) {
        for panel in plan.panels {
            var (into, from) = (
                total.sums(panel, valueWidth: problem.valueWidth),
                sums.sums(panel, valueWidth: problem.valueWidth)
            )
            kernels.merge_panel(&into, &from, Int32(panel.vectors), Int64(problem.valueWidth))
        }
    }

    /// Divides by the sums and writes the rows of the results.
    func finish(_ sums: RunningSums, into results: TiledAttention.Results) {
        let (extent, width) = (problem.extent, problem.valueWidth)
        for panel in plan.panels {
            kernels.finish_panel(
                sums.maxima + panel.lane, sums.totals + panel.lane,
                problem.sinks == nil ? nil : scratch.sinks + panel.lane, Int32(panel.lanes),
                scratch.inverses + panel.lane,
                results.logSumExp == nil ? nil : scratch.logSumExps + panel.lane)
            for (lane, row) in panel.rows.enumerated() {
                let (query, head) = (plan.rows.query(row), head(row))
                scratch.targets[lane] =
                    results.values + ((batch * extent.queries + query) * extent.heads + head) * width
                results.logSumExp?[(batch * extent.heads + head) * extent.queries + query] =
                    scratch.logSumExps[row]
            }
            kernels.unpack_rows(
                sums.outputs + panel.lane * width, Int32(panel.vectors), scratch.inverses + panel.lane,
                Int64(panel.rows.count), Int64(width), scratch.targets)
        }
    }

    /// Calls `body` for every panel and block of `keys` with something to see, with the kernels' view of the
    /// two.
    func forEachBlock(of keys: Range<Int>, _ body: (QueryPlan.Panel, Range<Int>, inout ak_block) -> Void) {
        for first in stride(from: keys.lowerBound, to: keys.upperBound, by: TiledAttention.keyBlock) {
            let source = load(first..<min(first + TiledAttention.keyBlock, keys.upperBound))
            for (index, panel) in plan.panels.enumerated() {
                let step =
                    table?.step(panel: index, firstKey: first)
                    ?? MaskTable.Step(keys: source.keys.clamped(to: panel.span), isWhole: false)
                guard !step.keys.isEmpty else { continue }
                var block = block(panel, step.keys, of: source)
                prepareMask(panel, index: index, step, &block)
                body(panel, step.keys, &block)
            }
        }
    }

    /// A block of keys and values as the kernels read them.
    struct KeyBlock {
        let keys: Range<Int>
        let key, value: UnsafePointer<Float>
        let keyStride, valueStride: Int
    }

    /// A tensor's keys and values are read in place; a cache's are turned into float32 first, once for the
    /// whole block of queries.
    private func load(_ keys: Range<Int>) -> KeyBlock {
        switch operands.source {
        case .cache(let rows):
            rows.read(keys, head: keyHead, tiled.kernels, keys: scratch.keys, values: scratch.values, problem)
            return KeyBlock(
                keys: keys, key: UnsafePointer(scratch.keys), value: UnsafePointer(scratch.values),
                keyStride: problem.headWidth, valueStride: problem.valueWidth)
        case .tensors(let key, let value):
            let (keySteps, valueSteps) = (problem.key.strides, problem.value.strides)
            return KeyBlock(
                keys: keys,
                key: key + batch * keySteps[0] + keyHead * keySteps[1] + keys.lowerBound * keySteps[2],
                value: value + batch * valueSteps[0] + keyHead * valueSteps[1]
                    + keys.lowerBound * valueSteps[2],
                keyStride: keySteps[2], valueStride: valueSteps[2])
        }
    }

    /// Transposes and scales the queries, and notes the numbers of each row for the kernels.
    func begin() {
        let query = problem.query
        for panel in plan.panels {
            for (lane, row) in panel.rows.enumerated() {
                scratch.sources[lane] =
                    operands.query + batch * query.strides[0] + head(row) * query.strides[1]
                    + plan.rows.query(row) * query.strides[2]
            }
            noteRows(panel)
            kernels.pack_rows(
                scratch.sources, Int64(panel.rows.count), Int64(problem.headWidth), 1,
                scratch.queryScales + panel.lane, Int32(panel.vectors),
                scratch.queries + panel.lane * problem.headWidth)
        }
    }

    /// Notes the numbers that differ from row to row; lanes without a row are like the last one.
    private func noteRows(_ panel: QueryPlan.Panel) {
        for lane in 0..<panel.lanes {
            let row = panel.rows.lowerBound + min(lane, panel.rows.count - 1)
            let (place, head, query) = (panel.lane + lane, head(row), plan.rows.query(row))
            scratch.queryFactors[place] = problem.factors[head]
            if problem.parameters.score.isCosine, lane < panel.rows.count, let source = scratch.sources[lane]
            {
                var norm: Float = 0
                kernels.inverse_norms(source, 0, 1, Int64(problem.headWidth), &norm)
                scratch.queryFactors[place] *= norm
            }
            scratch.queryScales[place] =
                problem.parameters.softcap.map { scratch.queryFactors[place] / $0 }
                ?? scratch.queryFactors[place] * .log2e
            if let slopes = problem.slopes {
                scratch.slopes[place] = slopes[head] * .log2e
                scratch.positions[place] = Int32(problem.positions[query])
            }
            if let sinks = problem.sinks { scratch.sinks[place] = sinks[head] * .log2e }
            if problem.parameters.dropout != nil {
                scratch.places[place] = Int32(truncatingIfNeeded: query * problem.extent.heads + head)
            }
        }
    }

    /// The kernels' view of a panel and some keys, without mask and bias.
    private func block(_ panel: QueryPlan.Panel, _ keys: Range<Int>, of source: KeyBlock) -> ak_block {
        let skipped = keys.lowerBound - source.keys.lowerBound
        var block = ak_block()
        block.vectors = Int32(panel.vectors)
        block.keys = Int32(keys.count)
        block.d = Int32(problem.headWidth)
        block.dv = Int32(problem.valueWidth)
        block.k = source.key + skipped * source.keyStride
        block.k_row = source.keyStride
        block.v = source.value + skipped * source.valueStride
        block.v_row = source.valueStride
        block.q_panel = UnsafePointer(scratch.queries + panel.lane * problem.headWidth)
        if let norms = operands.keyNorms {
            block.key_scale =
                norms + (batch * problem.keyHeads + keyHead) * problem.extent.keys + keys.lowerBound
        }
        block.softcap = problem.parameters.softcap.map { $0 * .log2e } ?? 0
        if problem.slopes != nil {
            block.slope = UnsafePointer(scratch.slopes + panel.lane)
            block.position = UnsafePointer(scratch.positions + panel.lane)
            block.first_key = Int32(keys.lowerBound)
        }
        if let dropout = problem.parameters.dropout {
            scratch.dropout.initialize(
                to: ak_dropout(
                    key: dropout.key.folded(with: batch).bits, threshold: dropout.threshold,
                    scale: dropout.scale,
                    place: UnsafePointer(scratch.places + panel.lane), first_key: Int32(keys.lowerBound)))
            block.dropout = UnsafePointer(scratch.dropout)
        }
        block.scores = scratch.scores
        block.log_sum_exp = UnsafePointer(scratch.logSumExps + panel.lane)
        return block
    }
}
