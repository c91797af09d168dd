import AttentionTensors

/// A bias by distance, laid out for reading: for each head a row in the order of distances, so that the bias
/// of neighbouring keys for one query is a run of it.
///
/// Far distances have one bias, and a run that lies wholly among them may be read at another place among
/// them. So the rows are as long as the distances that differ, whatever Nq and Nk.
struct DistanceRows: Sendable {
    /// `[Hq, length]`
    let rows: Tensor
    /// The bucket of each place of a row.
    let buckets: [Int]
    /// The number of buckets.
    let bucketCount: Int
    let layout: Layout

    /// The places of distances in a row.
    struct Layout: Sendable {
        /// The greatest distance whose bias may differ from those beyond it.
        let reach: Int
        /// The most keys that are read or written from one address on.
        private static let longestRun = max(DecodeSequence.chunk, TiledAttention.keyBlock)

        init(reach: Int) { self.reach = reach }

        var length: Int { 2 * (reach + Self.longestRun) }
        var distances: Range<Int> { -reach - Self.longestRun..<reach + Self.longestRun }

        /// The place from which on the biases of `distance` and of the next ones are found.
        func place(head: Int, distance: Int) -> Int {
            head * length + min(max(distance, distances.lowerBound), reach) - distances.lowerBound
        }
    }

    /// - Parameter longest: No two positions are farther from each other.
    init(_ bias: RelativePositionBias, longest: Int) {
        let layout = Layout(reach: min(bias.maximumDistance, longest))
        let buckets = layout.distances.map { bias.bucket(distance: $0) }
        let (heads, numbers) = (bias.table.shape[1], bias.table.scalars)
        rows = Tensor(shape: [heads, layout.length]) { rows in
            for head in 0..<heads {
                for (place, bucket) in buckets.enumerated() {
                    rows.initializeElement(
                        at: head * layout.length + place, to: numbers[bucket * heads + head])
                }
            }
        }
        self.buckets = buckets
        bucketCount = bias.buckets
        self.layout = layout
    }
}

/// The addresses of a problem's biases, in numbers: a block that is computed counts no references.
struct BiasAddresses {
    private let additive: UnsafePointer<Float>?
    private let strides: (batch: Int, head: Int, row: Int)
    private let rows: UnsafePointer<Float>?
    private let layout: DistanceRows.Layout

    fileprivate init(
        _ problem: AttentionProblem, additive: UnsafePointer<Float>?, rows: UnsafePointer<Float>?
    ) {
        self.additive = additive
        self.rows = rows
        strides = problem.bias.map { ($0.strides[0], $0.strides[1], $0.strides[2]) } ?? (0, 0, 0)
        layout = problem.distances?.layout ?? DistanceRows.Layout(reach: 0)
    }

    var hasAdditive: Bool { additive != nil }
    var areByDistance: Bool { rows != nil }
    var areTwo: Bool { hasAdditive && areByDistance }

    /// The additive bias of a query, a row of the query tensor, for the keys from `key` on.
    func additive(batch: Int, head: Int, row: Int, key: Int) -> UnsafePointer<Float>? {
        additive.map { $0 + batch * strides.batch + head * strides.head + row * strides.row + key }
    }

    /// The bias by distance of a query for the keys from `key` on, at most a block or chunk of them.
    func byDistance(head: Int, position: Int, key: Int) -> UnsafePointer<Float>? {
        rows.map { $0 + layout.place(head: head, distance: key - position) }
    }
}

extension AttentionProblem {
    func withBiases<R>(_ body: (BiasAddresses) throws -> R) rethrows -> R {
        try withOptionalPointer(bias) { additive in
            try withOptionalPointer(distances?.rows) { rows in
                try body(BiasAddresses(self, additive: additive, rows: rows))
            }
        }
    }
}
