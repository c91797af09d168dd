import AttentionTensors

/// Those of a vocabulary that come first in an order, as many as it takes for their weights to reach a bound;
/// of equal orders, those that stand first.
///
/// Each token is counted once, in a bin of its order; the sums of the bins say in which the bound lies, and
/// only what is in that one is looked at more closely (``FirstByKey``). What is left out has its weight made
/// 0 where it stands: to lay the others together would take longer than everything else.
enum FirstByOrder {
    /// Makes the weights of all others 0.
    ///
    /// - Parameters:
    ///   - weights: Not negative, and not 0 for all.
    ///   - order: Not negative, the greatest first; may be the weights themselves.
    ///   - bound: Those whose predecessors weigh less than this are kept, and the first.
    ///   - floor: Those whose order is less are never kept.
    ///   - bins: Where most orders lie: what is right does not depend on them.
    /// - Returns: The sums of each block of weights.
    static func keep(
        _ weights: UnsafeMutableBufferPointer<Float>, orderedBy order: UnsafeBufferPointer<Float>,
        until bound: Double, from floor: Float, _ bins: LogitScan.Bins, _ scan: LogitScan
    ) -> [Float] {
        let sums = scan.sums(of: UnsafeBufferPointer(weights), orderedBy: order, from: floor, in: bins)
        // Where rounding keeps the sums below the bound, the last bin is the boundary's.
        var (bin, before, sum) = (0, 0.0, 0.0)
        for candidate in sums.indices.reversed() where sums[candidate] > 0 {
            (bin, before) = (candidate, sum)
            sum += sums[candidate]
            if sum >= bound { break }
        }
        let (low, high) = bins.orders(of: bin)
        let tied = scan.places(of: order, from: max(low, floor), through: high)
        let boundary = FirstByKey.boundary(
            of: tied.count, until: bound, before: before, weight: { weights[Int(tied[$0])] },
            key: { ~order[Int(tied[$0])].bitPattern })
        return scan.keep(
            weights, orderedBy: order, boundary: Float(bitPattern: ~boundary.key), last: tied[boundary.last])
    }
}
