/// Any predicate of positions, heads and batch elements.
public struct PredicateMask: AttentionMask {
    private let predicate: @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool

    public init(_ predicate: @escaping @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool) {
        self.predicate = predicate
    }

    public func allows(query: Int, key: Int, at site: AttentionSite) -> Bool { predicate(query, key, site) }
}

extension AttentionMask where Self == PredicateMask {
    /// A query sees the keys for which `predicate` holds.
    public static func predicate(
        _ predicate: @escaping @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool
    ) -> PredicateMask {
        PredicateMask(predicate)
    }
}
