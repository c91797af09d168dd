import AttentionTensors
import CAttentionKernels

extension BackwardItem {
    /// Whether the gradient of a bias by distance is computed.
    var wantsDistances: Bool { pass.wanted.contains(.relative) }
    var hasTwoBiases: Bool { wantsDistances && operands.bias != nil }

    /// Notes where the kernel adds the gradients of a panel's scores: to a bias's own gradient, or, where
    /// there are two, to rows that are added to both. Rows by distance overlap; the kernel adds rows one
    /// after the other.
    func noteBiasTargets(_ block: QueryBlock, _ panel: QueryPlan.Panel, _ keys: Range<Int>) {
        let targets = scratch.forward.targets
        guard !hasTwoBiases else {
            scratch.biasRows.update(repeating: 0, count: panel.rows.count * TiledAttention.keyBlock)
            for lane in 0..<panel.rows.count {
                targets[lane] = scratch.biasRows + lane * TiledAttention.keyBlock
            }
            return
        }
        for (lane, row) in panel.rows.enumerated() {
            targets[lane] =
                additiveGradient(block, row, keys.lowerBound)
                ?? distanceGradient(block, row, keys.lowerBound)
        }
    }

    /// Adds the rows of a panel to the gradients of both biases.
    func addBiasRows(_ block: QueryBlock, _ panel: QueryPlan.Panel, _ keys: Range<Int>) {
        let elementwise = pass.kernels.elementwise
        for (lane, row) in panel.rows.enumerated() {
            let gradients = scratch.biasRows + lane * TiledAttention.keyBlock
            let byDistance = distanceGradient(block, row, keys.lowerBound)
            if let additive = additiveGradient(block, row, keys.lowerBound) {
                elementwise.add(additive, gradients, Int64(keys.count), additive)
            }
            elementwise.add(byDistance, gradients, Int64(keys.count), byDistance)
        }
    }

    private func additiveGradient(
        _ block: QueryBlock, _ row: Int, _ key: Int
    ) -> UnsafeMutablePointer<Float>? {
        let strides = operands.biasStrides
        return operands.bias.map {
            $0 + pair.batch * strides[0] + block.head(row) * strides[1]
                + block.plan.rows.query(row) * strides[2] + key
        }
    }

    /// The place of a row's gradients by distance, from that of `key` on.
    private func distanceGradient(
        _ block: QueryBlock, _ row: Int, _ key: Int
    ) -> UnsafeMutablePointer<Float> {
        let place = pass.problem.distances?.layout.place(
            head: block.plan.rows.head(row),
            distance: key - pass.problem.positions[block.plan.rows.query(row)])
        return scratch.distanceGradients + (place ?? 0)
    }

    /// Adds the gradients by distance to those of their buckets.
    func addDistanceGradients() {
        guard let distances = pass.problem.distances else { return }
        for head in 0..<pass.problem.group {
            let row = scratch.distanceGradients + head * distances.layout.length
            for (place, bucket) in distances.buckets.enumerated() {
                sums.add(Double(row[place]), bucket: bucket, head: head)
            }
        }
    }
}

/// The gradients of numbers that belong to a head, summed over an item or over all: of the slope of ALiBi,
/// and of the buckets of relative positions.
struct HeadSums {
    /// `[heads][1 + buckets]`
    let base: UnsafeMutablePointer<Double>
    let bucketCount: Int

    /// The numbers of one head.
    static func count(_ problem: AttentionProblem) -> Int { 1 + (problem.distances?.bucketCount ?? 0) }

    func addSlope(_ gradient: Double, head: Int) { base[head * (1 + bucketCount)] += gradient }

    func add(_ gradient: Double, bucket: Int, head: Int) {
        base[head * (1 + bucketCount) + 1 + bucket] += gradient
    }
}
