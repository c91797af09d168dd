import AttentionTensors
import CAttentionKernels

/// The backward pass of one call: the items' shared data and their order. No result depends on the order.
///
/// Pairs of a batch element and a key head run in waves: side by side where nothing keeps them apart, and in
/// the same order on any number of threads where they add to the same elements of a bias's gradient. Within a
/// wave, blocks of queries are taken in rounds, so that the tables of a mask that is no interval take a
/// bounded amount of memory.
struct BackwardPass {
    let tiled: TiledAttention
    let output: AttentionOperator.Output
    /// `[B, Hq, Nq, Dv]`, the innermost axis without gaps.
    let outputGradient: Tensor
    let wanted: AttentionOperator.Inputs

    var problem: AttentionProblem { tiled.problem }
    var kernels: ak_kernels { tiled.kernels.table.pointee }

    init(
        _ tiled: TiledAttention, output: AttentionOperator.Output, outputGradient: Tensor,
        wanted: AttentionOperator.Inputs
    ) {
        self.tiled = tiled
        self.output = AttentionOperator.Output(
            values: output.values.withUnitStride(), logSumExp: output.logSumExp.contiguous())
        self.outputGradient = outputGradient.withUnitStride()
        self.wanted = wanted
    }

    /// Whether the gradients of the queries are computed: those of temperatures come from them.
    var needsQueries: Bool { wanted.contains(.query) || wanted.contains(.temperature) }

    /// The addresses that an item reads and writes.
    struct Operands {
        let forward: TiledAttention.Operands
        let outputGradient: UnsafePointer<Float>
        /// `[B, Hq, Nq]`
        let logSumExp, deltas: UnsafePointer<Float>
        /// `[B, Nq, Hq, D]`, `[B, Nk, Hkv, D]` and `[B, Nk, Hkv, Dv]`
        let query, key, value: UnsafeMutablePointer<Float>
        let bias: UnsafeMutablePointer<Float>?
        /// Strides of the bias's gradient as `[B, Hq, Nq, Nk]`.
        let biasStrides: [Int]
    }

    func gradients() -> AttentionOperator.Gradients {
        let extent = problem.extent
        let additive = problem.parameters.bias.additive
        var query = Tensor.zeros([extent.batch, extent.queries, extent.heads, problem.headWidth])
        var key = Tensor.zeros([extent.batch, extent.keys, problem.keyHeads, problem.headWidth])
        var value = Tensor.zeros([extent.batch, extent.keys, problem.keyHeads, problem.valueWidth])
        var bias = wanted.contains(.bias) ? additive.map { Tensor.zeros($0.shape) } : nil
        let biasStrides = additive.map { Self.biasStrides($0.shape) } ?? [0, 0, 0, 0]
        var result = AttentionOperator.Gradients()
        tiled.withOperands { forward in
            withDeltas { deltas, logSumExp, outputGradient in
                query.withUnsafeMutableBuffer { query in
                    key.withUnsafeMutableBuffer { key in
                        value.withUnsafeMutableBuffer { value in
                            withMutablePointer(&bias) { bias in
                                guard let query = query.baseAddress, let key = key.baseAddress,
                                    let value = value.baseAddress
                                else { return }
                                let operands = Operands(
                                    forward: forward, outputGradient: outputGradient, logSumExp: logSumExp,
                                    deltas: deltas, query: query, key: key, value: value, bias: bias,
                                    biasStrides: biasStrides)
                                (result.slopes, result.relative) = runWaves(operands)
                                result.temperature = project(operands)
                                result.sinks = sinkGradients(operands)
                            }
                        }
                    }
                }
            }
        }
        result.query = wanted.contains(.query) ? query.transposed(1, 2) : nil
        result.key = wanted.contains(.key) ? key.transposed(1, 2) : nil
        result.value = wanted.contains(.value) ? value.transposed(1, 2) : nil
        result.bias = bias
        return result
    }

    /// The strides of a tensor of `shape` without gaps as `[B, Hq, Nq, Nk]`: 0 where one element serves
    /// several.
    private static func biasStrides(_ shape: Shape) -> [Int] {
        let strides = zip(shape, shape.contiguousStrides).map { $0 == 1 ? 0 : $1 }
        return [Int](repeating: 0, count: 4 - shape.rank) + strides.dropLast() + [1]
    }

    private func withMutablePointer(
        _ tensor: inout Tensor?, _ body: (UnsafeMutablePointer<Float>?) -> Void
    ) {
        guard var own = tensor.take() else { return body(nil) }
        own.withUnsafeMutableBuffer { body($0.baseAddress) }
        tensor = own
    }

    /// δ = Σ output · its gradient, of every row: the softmax subtracts it from each gradient of a weight.
    private func withDeltas(
        _ body: (
            _ deltas: UnsafePointer<Float>, _ logSumExp: UnsafePointer<Float>,
            _ outputGradient: UnsafePointer<Float>
        ) -> Void
    ) {
        let (extent, width) = (problem.extent, problem.valueWidth)
        let (a, b) = (output.values, outputGradient)
        MemoryPool.withFloats(extent.batch * extent.heads * extent.queries) { deltas in
            a.withElementPointer { values in
                b.withElementPointer { gradient in
                    WorkerPool.current.run(
                        count: extent.batch * extent.heads,
                        work: .bytes(8 * extent.batch * extent.heads * extent.queries * width)
                    ) { item, _ in
                        let (batch, head) = (item / extent.heads, item % extent.heads)
                        kernels.backward.dot_rows(
                            values + batch * a.strides[0] + head * a.strides[1], a.strides[2],
                            gradient + batch * b.strides[0] + head * b.strides[1], b.strides[2],
                            Int64(extent.queries), Int64(width), deltas + item * extent.queries)
                    }
                    output.logSumExp.withElementPointer { body(UnsafePointer(deltas), $0, gradient) }
                }
            }
        }
    }

    // MARK: - After the items

    /// Cosine scores depend on directions only: the part of a gradient along its query or key is removed. The
    /// temperature's gradient is −Σ q̂ · dq̂ / T.
    private func project(_ operands: Operands) -> Tensor? {
        guard let temperature = problem.parameters.score.temperature else { return nil }
        let extent = problem.extent
        let along = project(
            problem.query, operands.forward.query, norms: nil, gradients: operands.query)
        _ = project(
            problem.key, operands.forward.tensors.key, norms: operands.forward.keyNorms,
            gradients: operands.key)
        guard wanted.contains(.temperature) else { return nil }
        var sums = [Double](repeating: 0, count: temperature.elementCount)
        for (item, sum) in along.enumerated() {
            let head = item % extent.heads
            sums[sums.count == 1 ? 0 : head] -= sum * Double(problem.factors[head])
        }
        return Tensor(shape: temperature.shape) { _ = $0.initialize(fromContentsOf: sums.map { Float($0) }) }
    }

    /// Removes from the gradients, `[B, N, H, D]`, the part along their `rows`, `[B, H, N, D]`. Returns
    /// Σ row · gradient of each head.
    private func project(
        _ rows: Tensor, _ address: UnsafePointer<Float>, norms: UnsafePointer<Float>?,
        gradients: UnsafeMutablePointer<Float>
    ) -> [Double] {
        let (batches, heads, count, width) = (rows.shape[0], rows.shape[1], rows.shape[2], rows.shape[3])
        return [Double](unsafeUninitializedCapacity: batches * heads) { sums, initialized in
            initialized = batches * heads
            MemoryPool.withFloats(WorkerPool.current.threadCount * count) { memory in
                WorkerPool.current.run(
                    count: batches * heads, work: .bytes(16 * batches * heads * count * width)
                ) { item, worker in
                    let (batch, head) = (item / heads, item % heads)
                    let source = address + batch * rows.strides[0] + head * rows.strides[1]
                    let own = memory + worker * count
                    if norms == nil {
                        kernels.inverse_norms(source, rows.strides[2], Int64(count), Int64(width), own)
                    }
                    let sum = kernels.backward.project_rows(
                        source, rows.strides[2], norms.map { $0 + item * count } ?? UnsafePointer(own),
                        Int64(count), Int64(width), gradients + (batch * count * heads + head) * width,
                        heads * width)
                    sums.initializeElement(at: item, to: sum)
                }
            }
        }
    }

    /// A sink takes part in the softmax with a value of 0: its gradient is −Σ exp(sink − L) δ.
    private func sinkGradients(_ operands: Operands) -> Tensor? {
        guard wanted.contains(.sinks), let sinks = problem.sinks else { return nil }
        let extent = problem.extent
        var sums = [Double](repeating: 0, count: extent.heads)
        for row in 0..<extent.batch * extent.heads * extent.queries {
            let head = row / extent.queries % extent.heads
            let total = operands.logSumExp[row]
            guard total != -.infinity, sinks[head] != -.infinity else { continue }
            sums[head] -= Double.exp(Double(sinks[head]) - Double(total)) * Double(operands.deltas[row])
        }
        return Tensor(shape: [extent.heads]) { _ = $0.initialize(fromContentsOf: sums.map { Float($0) }) }
    }
}
