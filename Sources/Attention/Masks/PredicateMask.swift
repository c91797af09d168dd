/// Any predicate of positions, heads and batch elements.
///
/// A predicate that takes positions alone is asked once for all heads and batch elements. Written as a closure where
/// the mask is made, it is compiled into the loop over keys, and costs little more than its own arithmetic.
public struct PredicateMask: AttentionMask {
    public let dependence: MaskDependence
    private let predicate: @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool
    private let bits: @Sendable (_ query: Int, _ keys: Range<Int>, _ site: AttentionSite) -> UInt64

    /// A query sees the keys for which `predicate` holds, in every head and batch element.
    @inlinable
    public init(_ predicate: @escaping @Sendable (_ query: Int, _ key: Int) -> Bool) {
        self.init(
            dependence: .positions, predicate: { query, key, _ in predicate(query, key) },
            bits: { query, keys, _ in Self.bits(keys) { predicate(query, $0) } })
    }

    /// A query sees the keys for which `predicate` holds at a site. It is asked for each one.
    @inlinable
    public init(_ predicate: @escaping @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool) {
        self.init(
            dependence: [.batch, .head], predicate: predicate,
            bits: { query, keys, site in Self.bits(keys) { predicate(query, $0, site) } })
    }

    @usableFromInline
    init(
        dependence: MaskDependence,
        predicate: @escaping @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool,
        bits: @escaping @Sendable (_ query: Int, _ keys: Range<Int>, _ site: AttentionSite) -> UInt64
    ) {
        self.dependence = dependence
        self.predicate = predicate
        self.bits = bits
    }

    /// Bit i: whether the predicate holds of the i-th key.
    @inlinable @inline(__always)
    static func bits(_ keys: Range<Int>, _ holds: (Int) -> Bool) -> UInt64 {
        var bits: UInt64 = 0
        var bit: UInt64 = 1
        for key in keys {
            if holds(key) { bits |= bit }
            bit &<<= 1
        }
        return bits
    }

    public func allows(query: Int, key: Int, at site: AttentionSite) -> Bool { predicate(query, key, site) }

    public func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        bits(query, keys, site)
    }

    public func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage {
        .partial
    }
}

extension AttentionMask where Self == PredicateMask {
    /// A query sees the keys for which `predicate` holds, in every head and batch element.
    @inlinable
    public static func predicate(
        _ predicate: @escaping @Sendable (_ query: Int, _ key: Int) -> Bool
    ) -> PredicateMask {
        PredicateMask(predicate)
    }

    /// A query sees the keys for which `predicate` holds at a site.
    @inlinable
    public static func predicate(
        _ predicate: @escaping @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool
    ) -> PredicateMask {
        PredicateMask(predicate)
    }
}
