import AttentionTensors
import CAttentionKernels

extension TiledAttention {
    /// The softmax weights of chosen heads and queries: `[B, heads, queries, Nk]`.
    func weights(logSumExp: Tensor, heads: [Int]?, queries: Range<Int>?) throws(TensorError) -> Tensor {
        let extent = problem.extent
        let heads = heads ?? Array(0..<extent.heads)
        let queries = queries ?? 0..<extent.queries
        guard logSumExp.shape == [extent.batch, extent.heads, extent.queries] else {
            throw .shapeMismatch(
                tensor: "log-sum-exp", expected: "[\(extent.batch), \(extent.heads), \(extent.queries)]",
                found: logSumExp.shape)
        }
        if let head = heads.first(where: { $0 < 0 || $0 >= extent.heads }) {
            throw .invalidArgument("there is no head \(head): there are \(extent.heads)")
        }
        guard queries.lowerBound >= 0, queries.upperBound <= extent.queries else {
            throw .invalidArgument("queries \(queries) of \(extent.queries)")
        }
        let blocks = queryBlocks.map { $0.clamped(to: queries) }.filter { !$0.isEmpty }
        let result = Tensor.zeros([extent.batch, heads.count, queries.count, extent.keys])
        let scratch = AttentionScratch.Layout(problem, kernels)
        result.withElementPointer { result in
            logSumExp.contiguous().withElementPointer { logSumExp in
                withOperands { operands in
                    ScratchPool.withFloats(scratch.count * WorkerPool.current.threadCount) { memory in
                        WorkerPool.current.run(count: extent.batch * heads.count * blocks.count) {
                            item, worker in
                            let (matrix, rows) = (item / blocks.count, blocks[item % blocks.count])
                            let (batch, head) = (matrix / heads.count, heads[matrix % heads.count])
                            let block = QueryBlock(
                                self, operands, batch: batch, head: head, rows: rows,
                                scratch: AttentionScratch(memory + worker * scratch.count, scratch))
                            // The tensor was made above and nobody else has seen it.
                            block.writeWeights(
                                into: UnsafeMutablePointer(mutating: result)
                                    + (matrix * queries.count + rows.lowerBound - queries.lowerBound)
                                        * extent.keys,
                                logSumExp: logSumExp + (batch * extent.heads + head) * extent.queries
                                    + rows.lowerBound)
                        }
                    }
                }
            }
        }
        return result
    }
}

extension QueryBlock {
    /// Writes the weights of the block's rows, `[rows, Nk]`; what nobody sees is left as it is.
    fileprivate func writeWeights(into rows: UnsafeMutablePointer<Float>, logSumExp: UnsafePointer<Float>) {
        let keyCount = tiled.problem.extent.keys
        let table = tiled.kernels.table.pointee
        for panel in panels {
            begin(panel)
            for lane in 0..<panel.lanes {
                // A row that sees nothing has −∞; its weights come out as 0 with any finite number.
                let total = lane < panel.rows.count ? logSumExp[panel.lane + lane] * .log2e : 0
                scratch.logSumExps[panel.lane + lane] = total == -.infinity ? 0 : total
                scratch.inverses[panel.lane + lane] = 1
            }
        }
        forEachKeyBlock { keys, panel in
            var block = self.block(panel, keys)
            guard prepareMask(panel, keys, &block) else { return }
            table.weights_block(&block)
            table.unpack_panel(
                scratch.scores, Int32(panel.vectors), scratch.inverses + panel.lane, Int64(panel.rows.count),
                Int64(keys.count), rows + panel.lane * keyCount + keys.lowerBound, keyCount)
        }
    }
}
