import AttentionTensors
import CAttentionKernels

/// Attention in tiles: blocks of queries against blocks of keys, with online softmax (FlashAttention,
/// arXiv:2205.14135), so that no Nq × Nk matrix is ever held.
///
/// The work is split into items, one for each block of queries of a head. An item's blocks depend on
/// positions alone, so its bits depend neither on the other items nor on who runs them.
package struct TiledAttention {
    /// Queries of an item: four panels of AVX-512, whose transposed queries and outputs stay in the
    /// second-level cache. 96 and 384 are slower.
    static let queryBlock = 192
    /// Keys of a step. 64 to 192 are alike; 256 loses at D = 128, where keys and values no longer fit.
    static let keyBlock = 128

    let problem: AttentionProblem
    let kernels: Kernels
    /// The blocks of queries: at most ``queryBlock`` long, and cut where the mask says.
    let queryBlocks: [Range<Int>]

    package init(_ problem: AttentionProblem) throws(TensorError) {
        self.problem = problem
        kernels = try Kernels.selected()
        queryBlocks = Self.queryBlocks(of: problem)
    }

    private static func queryBlocks(of problem: AttentionProblem) -> [Range<Int>] {
        let count = problem.extent.queries
        let cuts = problem.parameters.mask.queryBoundaries
            .map { $0 - problem.queryOffset }.filter { $0 > 0 && $0 < count }.sorted()
        var blocks: [Range<Int>] = []
        for (start, end) in zip([0] + cuts, cuts + [count]) {
            for first in stride(from: start, to: end, by: queryBlock) {
                blocks.append(first..<min(first + queryBlock, end))
            }
        }
        return blocks
    }

    /// The weighted sums alone, `[B, Hq, Nq, Dv]`.
    package func values() -> Tensor { run(logSumExp: nil) }

    /// The weighted sums and the log-sum-exp.
    package func forward() -> AttentionOperator.Output {
        let logSumExp = Tensor.zeros([problem.extent.batch, problem.extent.heads, problem.extent.queries])
        return AttentionOperator.Output(values: run(logSumExp: logSumExp), logSumExp: logSumExp)
    }

    /// Runs all items. `logSumExp` is a tensor that nobody else has seen yet, to be written, or nil.
    private func run(logSumExp: Tensor?) -> Tensor {
        let extent = problem.extent
        // Positions outermost in memory: putting the heads side by side again copies nothing.
        let values = Tensor.zeros([extent.batch, extent.queries, extent.heads, problem.valueWidth])
        let items = extent.batch * extent.heads * queryBlocks.count
        guard items > 0 else { return values.transposed(1, 2) }
        let scratch = AttentionScratch.Layout(problem, kernels)
        values.withElementPointer { values in
            withOptionalPointer(logSumExp) { logSumExp in
                withOperands { operands in
                    ScratchPool.withFloats(scratch.count * WorkerPool.current.threadCount) { memory in
                        WorkerPool.current.run(count: items) { item, worker in
                            let block = QueryBlock(
                                self, operands, item: item,
                                scratch: AttentionScratch(memory + worker * scratch.count, scratch))
                            block.attend()
                            block.finish(
                                into: UnsafeMutablePointer(mutating: values),
                                logSumExp: logSumExp.map { UnsafeMutablePointer(mutating: $0) })
                        }
                    }
                }
            }
        }
        return values.transposed(1, 2)
    }

    /// The addresses that an item reads from.
    struct Operands {
        let query, key, value: UnsafePointer<Float>
        let bias: UnsafePointer<Float>?
        /// 1 / ‖k‖ of every key, `[B, Hkv, Nk]`; for cosine scores.
        let keyNorms: UnsafePointer<Float>?
    }

    func withOperands(_ body: (Operands) -> Void) {
        problem.query.withElementPointer { query in
            problem.key.withElementPointer { key in
                problem.value.withElementPointer { value in
                    withOptionalPointer(problem.bias) { bias in
                        withKeyNorms(key) { norms in
                            body(Operands(query: query, key: key, value: value, bias: bias, keyNorms: norms))
                        }
                    }
                }
            }
        }
    }

    private func withKeyNorms(_ key: UnsafePointer<Float>, _ body: (UnsafePointer<Float>?) -> Void) {
        guard problem.parameters.score.isCosine else { return body(nil) }
        let tensor = problem.key
        let (heads, keys) = (tensor.shape[1], tensor.shape[2])
        ScratchPool.withFloats(tensor.shape[0] * heads * keys) { norms in
            WorkerPool.current.run(count: tensor.shape[0] * heads) { item, _ in
                kernels.table.pointee.inverse_norms(
                    key + item / heads * tensor.strides[0] + item % heads * tensor.strides[1],
                    tensor.strides[2],
                    Int64(keys), Int64(tensor.shape[3]), norms + item * keys)
            }
            body(norms)
        }
    }
}
