import AttentionTensors

/// One call of the operator, checked: from here on every index is in bounds.
package struct AttentionProblem: Sendable {
    package let parameters: AttentionOperator
    package let extent: AttentionExtent
    /// `[B, Hq, Nq, D]`; the innermost axis without gaps.
    package let query: Tensor
    /// `[B, Hkv, Nk, D]` and `[B, Hkv, Nk, Dv]`; the innermost axis without gaps. nil: keys and values are in
    /// a cache.
    private let tensors: (key: Tensor, value: Tensor)?
    /// The sequence of a cache that holds the keys and values of a batch of one.
    var cached: CachedSequence?
    /// Hkv, Dv
    package let keyHeads, valueWidth: Int
    /// A view of `[B, Hq, Nq, Nk]`.
    package let bias: Tensor?
    /// The position of every query.
    package let positions: QueryPositions
    /// `[Hq]`, the factor of each head's dot products.
    package let factors: [Float]
    /// `[Hq]`, each head's slope of ALiBi; nil: none.
    package let slopes: [Float]?
    /// The bias by distance; nil: none.
    var distances: DistanceRows?
    /// `[Hq]`, each head's sink; nil: none.
    package let sinks: [Float]?

    package var headWidth: Int { query.shape[3] }
    /// The number of query heads that share a key head.
    package var group: Int { extent.heads / keyHeads }

    /// The keys and values of a problem without a cache.
    package var key: Tensor { memory.key }
    package var value: Tensor { memory.value }

    private var memory: (key: Tensor, value: Tensor) {
        guard let tensors else { preconditionFailure("keys and values are in a cache") }
        return tensors
    }

    package init(_ parameters: AttentionOperator, query: Tensor, key: Tensor, value: Tensor) throws {
        try Self.checkShapes(query, key, value)
        try self.init(
            parameters, query, keys: key.shape[2], keyHeads: key.shape[1], valueWidth: value.shape[3],
            (key.withUnitStride(), value.withUnitStride()))
    }

    /// A problem whose keys and values are in a cache of this layout.
    ///
    /// - Parameter keyCount: The number of keys of the longest sequence.
    init(
        _ parameters: AttentionOperator, query: Tensor, layout: KeyValueLayout, keyCount: Int
    ) throws {
        guard query.rank == 4, query.shape[3] == layout.keyWidth else {
            throw TensorError.shapeMismatch(
                tensor: "query", expected: "[B, Hq, Nq, \(layout.keyWidth)]", found: query.shape)
        }
        try Self.checkGroups(query.shape[1], keyHeads: layout.heads)
        try self.init(
            parameters, query, keys: keyCount, keyHeads: layout.heads, valueWidth: layout.valueWidth, nil)
    }

    private init(
        _ parameters: AttentionOperator, _ query: Tensor, keys: Int, keyHeads: Int, valueWidth: Int,
        _ tensors: (key: Tensor, value: Tensor)?
    ) throws {
        try Self.checkNumbers(parameters)
        let queries = query.shape[2]
        positions = try parameters.alignment.positions(queries: queries, keys: keys)
        extent = AttentionExtent(
            batch: query.shape[0], heads: query.shape[1], queries: queries, keys: keys,
            queryOffset: positions.first, hasPackedQueries: positions.arePacked)
        // Positions are compared in 32 bits inside the kernels.
        guard extent.queryOffset.magnitude < 1 << 30, extent.keys < 1 << 30, extent.queries < 1 << 30 else {
            throw TensorError.invalidArgument(
                "positions beyond 2³⁰: \(queries) queries from \(extent.queryOffset) on, \(keys) keys")
        }
        try parameters.mask.validate(for: extent)
        bias = try parameters.bias.view(for: extent)
        factors = try parameters.score.factors(headWidth: query.shape[3], heads: extent.heads)
        slopes = try parameters.bias.slopes(heads: extent.heads)
        let farthest = max(abs(positions.first), abs(positions.last))
        distances = try parameters.bias.distances(heads: extent.heads, longest: farthest + keys)
        sinks = try Self.sinks(parameters.sinks, heads: extent.heads)
        self.parameters = parameters
        self.query = query.withUnitStride()
        self.tensors = tensors
        self.keyHeads = keyHeads
        self.valueWidth = valueWidth
    }

    private static func checkShapes(_ query: Tensor, _ key: Tensor, _ value: Tensor) throws(TensorError) {
        guard query.rank == 4 else {
            throw .shapeMismatch(tensor: "query", expected: "[B, Hq, Nq, D]", found: query.shape)
        }
        guard key.rank == 4, key.shape[0] == query.shape[0], key.shape[3] == query.shape[3] else {
            throw .shapeMismatch(
                tensor: "key", expected: "[\(query.shape[0]), Hkv, Nk, \(query.shape[3])]", found: key.shape)
        }
        guard value.rank == 4, Array(value.shape.prefix(3)) == Array(key.shape.prefix(3)) else {
            throw .shapeMismatch(
                tensor: "value", expected: "[\(key.shape[0]), \(key.shape[1]), \(key.shape[2]), Dv]",
                found: value.shape)
        }
        try checkGroups(query.shape[1], keyHeads: key.shape[1])
    }

    private static func checkGroups(_ heads: Int, keyHeads: Int) throws(TensorError) {
        guard keyHeads > 0 ? heads % keyHeads == 0 : heads == 0 else {
            throw .invalidArgument("\(heads) query heads cannot share \(keyHeads) key heads: not a multiple")
        }
    }

    private static func sinks(_ sinks: Tensor?, heads: Int) throws(TensorError) -> [Float]? {
        guard let sinks else { return nil }
        guard sinks.shape == [heads] else {
            throw .shapeMismatch(tensor: "attention sinks", expected: "[\(heads)]", found: sinks.shape)
        }
        let scalars = sinks.scalars
        if let sink = scalars.first(where: { $0.isNaN || $0 == .infinity }) {
            throw .invalidArgument("an attention sink of \(sink); it must be finite, or −∞ for none")
        }
        return scalars
    }

    private static func checkNumbers(_ parameters: AttentionOperator) throws(TensorError) {
        if let cap = parameters.softcap, !(cap > 0 && cap.isFinite) {
            throw .invalidArgument("a softcap of \(cap); it must be positive")
        }
    }

    /// The range of keys that a query may see; ``AttentionMask/allows(query:key:at:)`` decides within it.
    package func visibleKeys(row: Int, batch: Int, head: Int) -> Range<Int> {
        let site = AttentionSite(batch: batch, head: head, keys: extent.keys)
        return parameters.mask.visibleKeys(query: positions[row], at: site).clamped(to: 0..<extent.keys)
    }
}
