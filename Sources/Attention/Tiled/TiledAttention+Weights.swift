import AttentionTensors
import CAttentionKernels

extension TiledAttention {
    /// The softmax weights of chosen heads and queries: `[B, heads, queries, Nk]`.
    func weights(logSumExp: Tensor, heads: [Int]?, queries: Range<Int>?) throws(TensorError) -> Tensor {
        let extent = problem.extent
        let heads = try checkedHeads(heads, logSumExp)
        let queries = queries ?? 0..<extent.queries
        guard queries.lowerBound >= 0, queries.upperBound <= extent.queries else {
            throw .invalidArgument("queries \(queries) of \(extent.queries)")
        }
        let blocks = stride(from: queries.lowerBound, to: queries.upperBound, by: Self.blockRows)
            .map { $0..<min($0 + Self.blockRows, queries.upperBound) }
        return Tensor(shape: [extent.batch, heads.count, queries.count, extent.keys]) { result in
            guard let result = result.baseAddress, extent.keys > 0 else { return }
            result.initialize(repeating: 0, count: extent.batch * heads.count * queries.count * extent.keys)
            forEachSingleHead(extent.batch * heads.count * blocks.count) { item, memory in
                let (matrix, rows) = (item / blocks.count, blocks[item % blocks.count])
                let block = memory.block(
                    batch: matrix / heads.count, head: heads[matrix % heads.count], queries: rows)
                block.writeWeights(
                    into: result
                        + (matrix * queries.count + rows.lowerBound - queries.lowerBound) * extent.keys,
                    logSumExp: logSumExp)
            }
        }
    }

    /// The wanted heads, by default all.
    func checkedHeads(_ heads: [Int]?, _ logSumExp: Tensor) throws(TensorError) -> [Int] {
        let extent = problem.extent
        guard logSumExp.shape == [extent.batch, extent.heads, extent.queries] else {
            throw .shapeMismatch(
                tensor: "log-sum-exp", expected: "[\(extent.batch), \(extent.heads), \(extent.queries)]",
                found: logSumExp.shape)
        }
        let heads = heads ?? Array(0..<extent.heads)
        if let head = heads.first(where: { $0 < 0 || $0 >= extent.heads }) {
            throw .invalidArgument("there is no head \(head): there are \(extent.heads)")
        }
        return heads
    }

    /// Runs `body` for `count` items, each with memory for a block of a single head at a time.
    func forEachSingleHead(_ count: Int, _ body: (_ item: Int, SingleHeadMemory) -> Void) {
        let scratch = AttentionScratch.Layout(problem, kernels)
        // A mask that is no interval has a table for each block: a word for each panel and key.
        let panels = (Self.blockRows + kernels.panelWidth - 1) / kernels.panelWidth
        let words = problem.parameters.mask.isInterval ? 0 : panels * problem.extent.keys
        let perWorker = (scratch.count + 2 * words + 15) / 16 * 16
        withOperands { operands in
            MemoryPool.withFloats(perWorker * WorkerPool.current.threadCount) { memory in
                WorkerPool.current.run(count: count) { item, worker in
                    let own = memory + worker * perWorker
                    body(
                        item,
                        SingleHeadMemory(
                            tiled: self, operands: operands, scratch: AttentionScratch(own, scratch),
                            words: UnsafeMutableRawPointer(own + scratch.count).assumingMemoryBound(
                                to: UInt64.self)))
                }
            }
        }
    }

    /// One worker's memory for recomputing weights, one block at a time.
    struct SingleHeadMemory {
        let tiled: TiledAttention
        let operands: Operands
        let scratch: AttentionScratch
        let words: UnsafeMutablePointer<UInt64>

        /// Some queries of a head, at most ``TiledAttention/blockRows``.
        func block(batch: Int, head: Int, queries: Range<Int>) -> QueryBlock {
            QueryBlock(
                tiled, operands, batch: batch, head: head, queries: queries, scratch: scratch, words: words)
        }
    }
}

extension QueryBlock {
    /// Some queries of a single head.
    ///
    /// - Parameter words: Memory for the mask's table: a word for each panel and key.
    init(
        _ tiled: TiledAttention, _ operands: TiledAttention.Operands, batch: Int, head: Int,
        queries: Range<Int>,
        scratch: AttentionScratch, words: UnsafeMutablePointer<UInt64>
    ) {
        let problem = tiled.problem
        let (keyHead, headInGroup) = head.quotientAndRemainder(dividingBy: problem.group)
        let plan = QueryPlan(
            problem, tiled.kernels, BlockRows(queries: queries, heads: headInGroup..<headInGroup + 1),
            batch: batch, firstHead: keyHead * problem.group)
        let table =
            problem.parameters.mask.isInterval
            ? nil
            : MaskTable(plan, problem, batch: batch, firstHead: keyHead * problem.group, words: words)
        self.init(
            tiled: tiled, operands: operands, scratch: scratch, batch: batch, keyHead: keyHead, plan: plan,
            table: table)
    }

    /// Recomputes the weights block by block.
    ///
    /// - Parameters:
    ///   - logSumExp: `[B, Hq, Nq]`
    ///   - body: Receives a panel, some keys, and their weights, `[keys][lanes]`. All other weights are 0.
    func forEachWeights(
        logSumExp: Tensor, _ body: (QueryPlan.Panel, Range<Int>, UnsafePointer<Float>) -> Void
    ) {
        begin()
        for panel in plan.panels {
            for lane in 0..<panel.lanes {
                let row = panel.rows.lowerBound + min(lane, panel.rows.count - 1)
                let total = logSumExp[batch, head(row), plan.rows.query(row)] * .log2e
                // A row that sees nothing has −∞; its weights come out as 0 with any finite number.
                scratch.logSumExps[panel.lane + lane] = total == -.infinity ? 0 : total
                scratch.inverses[panel.lane + lane] = 1
            }
        }
        forEachBlock(of: plan.keys) { panel, keys, block in
            kernels.weights_block(&block)
            body(panel, keys, UnsafePointer(scratch.scores))
        }
    }

    /// Writes the weights of the block's rows, `[rows, Nk]`, for the keys that some row sees.
    fileprivate func writeWeights(into rows: UnsafeMutablePointer<Float>, logSumExp: Tensor) {
        forEachWeights(logSumExp: logSumExp) { panel, keys, weights in
            for (lane, row) in panel.rows.enumerated() {
                scratch.targets[lane] = rows + row * problem.extent.keys + keys.lowerBound
            }
            kernels.unpack_rows(
                weights, Int32(panel.vectors), scratch.inverses + panel.lane, Int64(panel.rows.count),
                Int64(keys.count), scratch.targets)
        }
    }
}
