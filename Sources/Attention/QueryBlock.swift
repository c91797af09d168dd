import AttentionTensors
import CAttentionKernels

/// One item of the tiled path: a block of queries of one head, against all the keys that they see.
struct QueryBlock {
    let tiled: TiledAttention
    let operands: TiledAttention.Operands
    let scratch: AttentionScratch
    let batch: Int
    let head: Int
    /// Rows of the query tensor.
    let rows: Range<Int>
    let panels: [Panel]

    /// Some queries of the block, as many as the lanes of a few vectors.
    struct Panel {
        /// Rows of the query tensor; the lanes beyond them are empty.
        let rows: Range<Int>
        let vectors: Int
        /// The first lane, counted from the block's start.
        let lane: Int
        let lanes: Int
        /// Each row's visible keys, and what they span.
        let visible: [Range<Int>]
        let span: Range<Int>
        /// The keys that all rows see, if their visible keys say everything.
        let common: Range<Int>
    }

    private var problem: AttentionProblem { tiled.problem }
    private var table: ak_kernels { tiled.kernels.table.pointee }

    init(_ tiled: TiledAttention, _ operands: TiledAttention.Operands, item: Int, scratch: AttentionScratch) {
        let (blocks, heads) = (tiled.queryBlocks.count, tiled.problem.extent.heads)
        // The last block first: under a causal mask it is the longest, and the short ones fill the gaps.
        let rows = tiled.queryBlocks[blocks - 1 - item % blocks]
        self.init(
            tiled, operands, batch: item / blocks / heads, head: item / blocks % heads, rows: rows,
            scratch: scratch)
    }

    init(
        _ tiled: TiledAttention, _ operands: TiledAttention.Operands, batch: Int, head: Int, rows: Range<Int>,
        scratch: AttentionScratch
    ) {
        self.tiled = tiled
        self.operands = operands
        self.scratch = scratch
        self.batch = batch
        self.head = head
        self.rows = rows
        panels = Self.panels(
            of: rows, tiled, AttentionSite(batch: batch, head: head, keys: tiled.problem.extent.keys))
    }

    private static func panels(of rows: Range<Int>, _ tiled: TiledAttention, _ site: AttentionSite) -> [Panel]
    {
        let kernels = tiled.kernels
        let (mask, offset) = (tiled.problem.parameters.mask, tiled.problem.queryOffset)
        return stride(from: rows.lowerBound, to: rows.upperBound, by: kernels.panelWidth).map { start in
            let part = start..<min(start + kernels.panelWidth, rows.upperBound)
            let vectors = (part.count + kernels.laneWidth - 1) / kernels.laneWidth
            let visible = part.map {
                mask.visibleKeys(query: offset + $0, at: site).clamped(to: 0..<site.keys)
            }
            let seen = visible.filter { !$0.isEmpty }
            let span = seen.isEmpty ? 0..<0 : seen.map(\.lowerBound).min()!..<seen.map(\.upperBound).max()!
            let all = visible.map(\.lowerBound).max()!
            return Panel(
                rows: part, vectors: vectors, lane: start - rows.lowerBound,
                lanes: vectors * kernels.laneWidth,
                visible: visible, span: span, common: all..<max(all, visible.map(\.upperBound).min()!))
        }
    }

    /// The online softmax over all keys. Key blocks are outermost, so that a block's keys and values are read
    /// from memory once for all panels.
    func attend() {
        for panel in panels { begin(panel) }
        forEachKeyBlock { keys, panel in
            var block = self.block(panel, keys)
            guard prepareMask(panel, keys, &block) else { return }
            table.attend_block(&block)
        }
    }

    /// Divides by the sums and writes rows of `values`, `[B, Nq, Hq, Dv]`, and of `logSumExp`, `[B, Hq, Nq]`.
    func finish(into values: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>?) {
        let (extent, width) = (problem.extent, problem.valueWidth)
        for panel in panels {
            table.finish_panel(
                scratch.maxima + panel.lane, scratch.totals + panel.lane, Int32(panel.lanes),
                scratch.inverses + panel.lane, logSumExp == nil ? nil : scratch.logSumExps + panel.lane)
            let first = (batch * extent.queries + panel.rows.lowerBound) * extent.heads + head
            table.unpack_panel(
                scratch.outputs + panel.lane * width, Int32(panel.vectors), scratch.inverses + panel.lane,
                Int64(panel.rows.count), Int64(width), values + first * width, extent.heads * width)
            if let logSumExp {
                (logSumExp + (batch * extent.heads + head) * extent.queries + panel.rows.lowerBound)
                    .update(from: scratch.logSumExps + panel.lane, count: panel.rows.count)
            }
        }
    }

    /// Calls `body` for every block of keys that a panel may see something of.
    func forEachKeyBlock(_ body: (_ keys: Range<Int>, Panel) -> Void) {
        let seen = panels.filter { !$0.span.isEmpty }
        guard let start = seen.map(\.span.lowerBound).min(), let end = seen.map(\.span.upperBound).max()
        else { return }
        for first in stride(from: start, to: end, by: TiledAttention.keyBlock) {
            let keys = first..<min(first + TiledAttention.keyBlock, end)
            for panel in seen {
                let part = keys.clamped(to: panel.span)
                if !part.isEmpty { body(part, panel) }
            }
        }
    }

    /// Transposes and scales a panel's queries, and clears its sums.
    func begin(_ panel: Panel) {
        let (query, width) = (problem.query, problem.headWidth)
        let parameters = problem.parameters
        let source =
            operands.query + batch * query.strides[0] + head * query.strides[1]
            + panel.rows.lowerBound * query.strides[2]
        let count = Int64(panel.rows.count)
        var norms: UnsafePointer<Float>?
        if parameters.score.isCosine {
            table.inverse_norms(source, query.strides[2], count, Int64(width), scratch.queryNorms)
            norms = UnsafePointer(scratch.queryNorms)
        }
        let factor = parameters.score.factor(headWidth: width)
        let scale = parameters.softcap.map { factor / $0 } ?? factor * .log2e
        table.pack_panel(
            source, query.strides[2], count, Int64(width), scale, norms, Int32(panel.vectors),
            scratch.queries + panel.lane * width)
        (scratch.outputs + panel.lane * problem.valueWidth).update(
            repeating: 0, count: panel.lanes * problem.valueWidth)
        // The lowest, so that any score moves it, and finite: −∞ − (−∞) is not a number.
        (scratch.maxima + panel.lane).update(repeating: -.greatestFiniteMagnitude, count: panel.lanes)
        (scratch.totals + panel.lane).update(repeating: 0, count: panel.lanes)
    }

    /// The kernel's view of a panel and a block of keys, without mask and bias.
    func block(_ panel: Panel, _ keys: Range<Int>) -> ak_block {
        let (key, value) = (problem.key, problem.value)
        let keyHead = head / problem.group
        var block = ak_block()
        block.vectors = Int32(panel.vectors)
        block.keys = Int32(keys.count)
        block.d = Int32(problem.headWidth)
        block.dv = Int32(problem.valueWidth)
        block.k =
            operands.key + batch * key.strides[0] + keyHead * key.strides[1] + keys.lowerBound
            * key.strides[2]
        block.k_row = key.strides[2]
        block.v =
            operands.value + batch * value.strides[0] + keyHead * value.strides[1]
            + keys.lowerBound * value.strides[2]
        block.v_row = value.strides[2]
        block.q_panel = UnsafePointer(scratch.queries + panel.lane * problem.headWidth)
        if let norms = operands.keyNorms {
            block.key_scale =
                norms + (batch * problem.keyHeads + keyHead) * problem.extent.keys + keys.lowerBound
        }
        block.softcap = problem.parameters.softcap.map { $0 * .log2e } ?? 0
        block.slope = problem.parameters.bias.slopes.map { $0[head] * .log2e } ?? 0
        block.distance = Float(problem.queryOffset + panel.rows.lowerBound - keys.lowerBound)
        block.scores = scratch.scores
        block.o_panel = scratch.outputs + panel.lane * problem.valueWidth
        block.maximum = scratch.maxima + panel.lane
        block.total = scratch.totals + panel.lane
        block.log_sum_exp = UnsafePointer(scratch.logSumExps + panel.lane)
        return block
    }
}
