/// A mask given by any predicate of positions, heads and batch elements.
///
/// A predicate of positions alone is evaluated once for all heads and batch elements. Written as a
/// closure where the mask is made, it is compiled into the loop over keys, and costs little more than its own
/// arithmetic.
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

    /// A query sees the keys for which `predicate` holds at a site. It is evaluated for every site.
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

    /// A bit for each key, set if the predicate holds. Eight values at a time, each with a bit of its own,
    /// depend on each other least.
    @inlinable @inline(__always)
    static func bits(_ keys: Range<Int>, _ holds: (Int) -> Bool) -> UInt64 {
        var bits: UInt64 = 0
        var place: UInt64 = 0
        var key = keys.lowerBound
        while key &+ 8 <= keys.upperBound {
            var byte: UInt64 = holds(key) ? 1 : 0
            byte |= holds(key &+ 1) ? 2 : 0
            byte |= holds(key &+ 2) ? 4 : 0
            byte |= holds(key &+ 3) ? 8 : 0
            byte |= holds(key &+ 4) ? 16 : 0
            byte |= holds(key &+ 5) ? 32 : 0
            byte |= holds(key &+ 6) ? 64 : 0
            byte |= holds(key &+ 7) ? 128 : 0
            bits |= byte &<< place
            place &+= 8
            key &+= 8
        }
        while key < keys.upperBound {
            bits |= (holds(key) ? 1 : 0) &<< place
            place &+= 1
            key &+= 1
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
