/// The keys that a query may look at, as a value. A predicate defines the mask, and two properties of whole
/// ranges make it fast. Masks combine with `&` and `|`.
///
/// Positions are absolute (see ``QueryAlignment``). A new kind of mask needs only ``allows(query:key:at:)``.
public protocol AttentionMask: Sendable {
    /// Whether the query at position `query` may look at the key at position `key`.
    func allows(query: Int, key: Int, at site: AttentionSite) -> Bool

    /// A range of keys outside of which `query` sees nothing.
    func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int>

    /// Whether every key of ``visibleKeys(query:at:)`` is visible, so that single keys need no check.
    var isInterval: Bool { get }

    /// The visible part of a block, if it is cheaper to find than key by key. Blocks that are empty are never
    /// computed, and blocks that are full pay nothing for the mask.
    func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage

    /// A bit for each of at most 64 keys, set if `query` sees it; bit i stands for the key at
    /// `keys.lowerBound + i`. Called where neither ``isInterval`` nor ``coverage(queries:keys:at:)`` decides
    /// a block.
    func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64

    /// The parts of the site on which the mask's values depend. Batch elements and heads with the same values
    /// share them: the mask is evaluated once for all of them.
    var dependence: MaskDependence { get }

    /// Positions at which queries begin that share no key with the ones before (packed sequences): work is
    /// cut here, so that a sequence's result does not depend on its neighbours. Ascending.
    var queryBoundaries: [Int] { get }

    /// Checks that the mask fits a problem.
    ///
    /// - Throws: `TensorError.invalidArgument` if it was made for another batch, or for other lengths.
    func validate(for extent: AttentionExtent) throws
}

/// The sizes of a problem, in the dimension legend's terms.
public struct AttentionExtent: Hashable, Sendable {
    /// B
    public let batch: Int
    /// Hq
    public let heads: Int
    /// Nq
    public let queries: Int
    /// Nk
    public let keys: Int
    /// The position of the first query.
    public let queryOffset: Int
    /// Whether the queries are parts of packed sequences, so that their positions have gaps
    /// (``QueryAlignment/packed(_:)``).
    public let hasPackedQueries: Bool

    /// The sizes of an attention problem.
    public init(
        batch: Int, heads: Int, queries: Int, keys: Int, queryOffset: Int = 0, hasPackedQueries: Bool = false
    ) {
        self.batch = batch
        self.heads = heads
        self.queries = queries
        self.keys = keys
        self.queryOffset = queryOffset
        self.hasPackedQueries = hasPackedQueries
    }
}

/// A place in a batch at which a mask is evaluated.
public struct AttentionSite: Hashable, Sendable {
    /// The element of the batch.
    public let batch: Int
    /// The query head.
    public let head: Int
    /// Nk, the number of keys.
    public let keys: Int

    /// A place, with the number of keys that are there.
    public init(batch: Int, head: Int, keys: Int) {
        self.batch = batch
        self.head = head
        self.keys = keys
    }
}

/// The properties, beside the positions of query and key, on which a mask's values depend.
public struct MaskDependence: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The element of the batch.
    public static let batch = MaskDependence(rawValue: 1)
    /// The query head.
    public static let head = MaskDependence(rawValue: 2)
    /// The positions alone.
    public static let positions: MaskDependence = []
}

/// The visible share of a block of queries × keys.
public enum MaskCoverage: Sendable {
    case empty, partial, full
}

extension AttentionMask {
    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> { 0..<site.keys }

    public var isInterval: Bool { false }

    public func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage {
        var (seesSome, seesAll) = (false, true)
        for query in queries {
            let seen = visibleKeys(query: query, at: site).clamped(to: keys)
            if !seen.isEmpty { seesSome = true }
            if seen != keys { seesAll = false }
        }
        if !seesSome { return .empty }
        return seesAll && isInterval ? .full : .partial
    }

    public func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        var bits: UInt64 = 0
        for key in keys where allows(query: query, key: key, at: site) {
            bits |= 1 << UInt64(key - keys.lowerBound)
        }
        return bits
    }

    public var dependence: MaskDependence { [.batch, .head] }

    public var queryBoundaries: [Int] { [] }

    public func validate(for extent: AttentionExtent) throws {}
}

/// A mask that is wholly described by one run of visible keys for each query.
public protocol IntervalMask: AttentionMask {}

extension IntervalMask {
    public var isInterval: Bool { true }

    public func allows(query: Int, key: Int, at site: AttentionSite) -> Bool {
        visibleKeys(query: query, at: site).contains(key)
    }

    public func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        let seen = visibleKeys(query: query, at: site).clamped(to: keys)
        guard !seen.isEmpty else { return 0 }
        return (UInt64.max >> UInt64(64 - seen.count)) << UInt64(seen.lowerBound - keys.lowerBound)
    }
}
