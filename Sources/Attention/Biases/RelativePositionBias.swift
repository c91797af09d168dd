import AttentionTensors

/// A learnt bias by the distance of query and key (T5, arXiv:1910.10683, section 2.1): distances share
/// buckets, and each head has a number for each bucket.
///
/// Short distances have buckets of their own. Beyond them the buckets widen with the logarithm of the
/// distance up to ``maximumDistance``, and all that is farther shares the last one.
public struct RelativePositionBias: Sendable {
    /// `[buckets, Hq]`; gradients flow to it if it is watched.
    public let table: Tensor
    /// Whether keys behind the query have half of the buckets for themselves, as in an encoder. Otherwise
    /// they share bucket 0 with the query's own position, as in a causal decoder.
    public let isBidirectional: Bool
    /// The distance from which on all keys share a bucket.
    public let maximumDistance: Int

    /// - Parameters:
    ///   - table: `[buckets, Hq]`
    ///   - isBidirectional: Whether half of the buckets are for keys behind the query.
    ///   - maximumDistance: The distance from which on all keys share a bucket.
    /// - Throws: `TensorError` if the table has another rank, or too few buckets, or an odd number for two
    ///   directions, or if the maximum distance leaves no room for buckets that widen.
    public init(table: Tensor, isBidirectional: Bool, maximumDistance: Int = 128) throws(TensorError) {
        guard table.rank == 2 else {
            throw .shapeMismatch(
                tensor: "table of relative positions", expected: "[buckets, Hq]", found: table.shape)
        }
        let buckets = table.shape[0]
        guard isBidirectional ? buckets >= 4 && buckets % 2 == 0 : buckets >= 2 else {
            throw .invalidArgument(
                "\(buckets) buckets of relative positions; expected "
                    + (isBidirectional ? "an even number, at least 4, for two directions" : "at least 2"))
        }
        let exact = Self.exactBuckets(buckets, isBidirectional)
        guard maximumDistance > exact, maximumDistance < 1 << 30 else {
            throw .invalidArgument(
                "a maximum distance of \(maximumDistance) for \(buckets) buckets of relative positions; "
                    + "expected more than \(exact), which have buckets of their own, and less than 2³⁰")
        }
        self.table = table
        self.isBidirectional = isBidirectional
        self.maximumDistance = maximumDistance
    }

    /// The number of buckets, those of both directions together.
    public var buckets: Int { table.shape[0] }

    /// The distances that have buckets of their own.
    private static func exactBuckets(_ buckets: Int, _ isBidirectional: Bool) -> Int {
        (isBidirectional ? buckets / 2 : buckets) / 2
    }

    /// The bucket of a key at `distance` = key position − query position.
    public func bucket(distance: Int) -> Int {
        let (side, exact) = (
            isBidirectional ? buckets / 2 : buckets, Self.exactBuckets(buckets, isBidirectional)
        )
        let first = isBidirectional && distance > 0 ? side : 0
        let length = isBidirectional || distance < 0 ? Int(clamping: distance.magnitude) : 0
        guard length >= exact else { return first + length }
        guard length < maximumDistance else { return first + side - 1 }
        // In float32, as the reference computes it: some distances lie on the edge of two buckets.
        let share =
            Float(Double.log(Double(Float(length) / Float(exact))))
            / Float(Double.log(Double(maximumDistance) / Double(exact)))
        return first + min(exact + Int(share * Float(side - exact)), side - 1)
    }

    /// The same bias with a detached table.
    func detached() -> RelativePositionBias {
        RelativePositionBias(
            checked: table.detached(), isBidirectional: isBidirectional, maximumDistance: maximumDistance)
    }

    private init(checked table: Tensor, isBidirectional: Bool, maximumDistance: Int) {
        self.table = table
        self.isBidirectional = isBidirectional
        self.maximumDistance = maximumDistance
    }
}
