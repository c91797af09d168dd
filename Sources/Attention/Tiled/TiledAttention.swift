import AttentionTensors
import CAttentionKernels

/// Attention in tiles: blocks of queries against blocks of keys, with online softmax (FlashAttention,
/// arXiv:2205.14135), so that no Nq × Nk matrix is ever held.
///
/// The work is split into items, one for each block of queries of the heads that share a key head. An item's
/// blocks depend on positions alone, so its bits depend neither on the other items nor on the threads.
package struct TiledAttention {
    /// Rows of an item: four panels of AVX-512, whose transposed queries and outputs stay in the
    /// second-level cache. 96 and 384 are slower.
    static let blockRows = 192
    /// Keys of a step. 64 to 192 are alike; 256 loses at D = 128, where keys and values no longer fit.
    static let keyBlock = 128
    /// Keys of a segment, which has running sums of its own. With few queries and many keys, workers share
    /// the segments. Adding the sums up costs about one part in 500.
    static let segmentKeys = 16 * keyBlock

    let problem: AttentionProblem
    let kernels: Kernels
    let blocks: [BlockRows]

    package init(_ problem: AttentionProblem) throws(TensorError) {
        self.problem = problem
        kernels = try Kernels.selected()
        blocks = BlockRows.blocks(of: problem)
    }

    /// The weighted sums alone, `[B, Hq, Nq, Dv]`.
    package func values() -> Tensor { run(nil) }

    /// The weighted sums and the log-sum-exp.
    package func forward() -> AttentionOperator.Output {
        let extent = problem.extent
        var values: Tensor?
        let logSumExp = Tensor(shape: [extent.batch, extent.heads, extent.queries]) {
            values = run($0.baseAddress)
        }
        return AttentionOperator.Output(values: values!, logSumExp: logSumExp)
    }

    /// Runs all items.
    private func run(_ logSumExp: UnsafeMutablePointer<Float>?) -> Tensor {
        let extent = problem.extent
        // Positions outermost in memory: putting the heads side by side again copies nothing.
        return Tensor(shape: [extent.batch, extent.queries, extent.heads, problem.valueWidth]) { values in
            guard let values = values.baseAddress else { return }
            run(into: Results(values: values, logSumExp: logSumExp))
        }.transposed(1, 2)
    }

    func run(into results: Results) {
        let decoded = decode(into: results)
        guard decoded.isEmpty || decoded.count < problem.parts.count else { return }
        withOperands { operands in AttentionSchedule(self, operands, results, leavingOut: decoded).run() }
    }

    /// The number of segments of a plan's keys.
    func segmentCount(_ plan: QueryPlan) -> Int {
        (plan.keys.count + Self.segmentKeys - 1) / Self.segmentKeys
    }

    func segment(_ index: Int, of plan: QueryPlan) -> Range<Int> {
        let first = plan.keys.lowerBound + index * Self.segmentKeys
        return first..<min(first + Self.segmentKeys, plan.keys.upperBound)
    }

    /// The addresses of the results: `[B, Nq, Hq, Dv]`, and `[B, Hq, Nq]` if the log-sum-exp is wanted.
    struct Results {
        let values: UnsafeMutablePointer<Float>
        let logSumExp: UnsafeMutablePointer<Float>?
    }

    /// The addresses that an item reads from.
    struct Operands {
        let query: UnsafePointer<Float>
        let source: Source
        let biases: BiasAddresses
        /// 1 / ‖k‖ of every key, `[B, Hkv, Nk]`; for cosine scores.
        let keyNorms: UnsafePointer<Float>?

        /// The place of keys and values.
        enum Source {
            case tensors(key: UnsafePointer<Float>, value: UnsafePointer<Float>)
            case cache(CachedRows)
        }

        /// Keys and values that are in no cache.
        var tensors: (key: UnsafePointer<Float>, value: UnsafePointer<Float>) {
            guard case .tensors(let key, let value) = source else {
                preconditionFailure("keys and values are in a cache")
            }
            return (key, value)
        }
    }

    func withOperands(_ body: (Operands) -> Void) {
        problem.query.withElementPointer { query in
            withSource { source in
                problem.withBiases { biases in
                    withKeyNorms(source) { norms in
                        body(Operands(query: query, source: source, biases: biases, keyNorms: norms))
                    }
                }
            }
        }
    }

    private func withSource(_ body: (Operands.Source) -> Void) {
        if let cached = problem.cached { return body(.cache(cached.rows)) }
        problem.key.withElementPointer { key in
            problem.value.withElementPointer { value in body(.tensors(key: key, value: value)) }
        }
    }

    private func withKeyNorms(_ source: Operands.Source, _ body: (UnsafePointer<Float>?) -> Void) {
        guard problem.parameters.score.isCosine else { return body(nil) }
        let (batch, heads, keys) = (problem.extent.batch, problem.keyHeads, problem.extent.keys)
        MemoryPool.withFloats(batch * heads * keys) { norms in
            switch source {
            case .cache(let rows):
                WorkerPool.current.run(count: heads) { head, _ in
                    rows.writeInverseNorms(
                        rows.first..<keys, head: head, kernels, to: norms + head * keys + rows.first)
                }
            case .tensors(let key, _):
                let strides = problem.key.strides
                WorkerPool.current.run(count: batch * heads) { item, _ in
                    kernels.table.pointee.inverse_norms(
                        key + item / heads * strides[0] + item % heads * strides[1], strides[2],
                        Int64(keys), Int64(problem.headWidth), norms + item * keys)
                }
            }
            body(norms)
        }
    }
}
