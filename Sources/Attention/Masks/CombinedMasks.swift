/// The intersection of two masks: a key is visible if both let it through.
public struct IntersectionMask: AttentionMask {
    let first: any AttentionMask
    let second: any AttentionMask

    public func allows(query: Int, key: Int, at site: AttentionSite) -> Bool {
        first.allows(query: query, key: key, at: site) && second.allows(query: query, key: key, at: site)
    }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        let keys = first.visibleKeys(query: query, at: site)
        return keys.clamped(to: second.visibleKeys(query: query, at: site))
    }

    public var isInterval: Bool { first.isInterval && second.isInterval }

    public func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        first.visibleBits(query: query, keys: keys, at: site)
            & second.visibleBits(query: query, keys: keys, at: site)
    }

    public var dependence: MaskDependence { first.dependence.union(second.dependence) }

    public func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage {
        switch first.coverage(queries: queries, keys: keys, at: site) {
        case .empty: .empty
        case .full: second.coverage(queries: queries, keys: keys, at: site)
        case .partial:
            if case .empty = second.coverage(queries: queries, keys: keys, at: site) {
                .empty
            } else {
                .partial
            }
        }
    }

    public var queryBoundaries: [Int] {
        Array(Set(first.queryBoundaries).union(second.queryBoundaries)).sorted()
    }

    public func validate(for extent: AttentionExtent) throws {
        try first.validate(for: extent)
        try second.validate(for: extent)
    }
}

/// The union of two masks: a key is visible if either lets it through.
public struct UnionMask: AttentionMask {
    let first: any AttentionMask
    let second: any AttentionMask

    public func allows(query: Int, key: Int, at site: AttentionSite) -> Bool {
        first.allows(query: query, key: key, at: site) || second.allows(query: query, key: key, at: site)
    }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        let (a, b) = (first.visibleKeys(query: query, at: site), second.visibleKeys(query: query, at: site))
        if a.isEmpty { return b }
        if b.isEmpty { return a }
        return min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
    }

    public func visibleBits(query: Int, keys: Range<Int>, at site: AttentionSite) -> UInt64 {
        first.visibleBits(query: query, keys: keys, at: site)
            | second.visibleBits(query: query, keys: keys, at: site)
    }

    public var dependence: MaskDependence { first.dependence.union(second.dependence) }

    public func coverage(queries: Range<Int>, keys: Range<Int>, at site: AttentionSite) -> MaskCoverage {
        switch first.coverage(queries: queries, keys: keys, at: site) {
        case .full: .full
        case .empty: second.coverage(queries: queries, keys: keys, at: site)
        case .partial:
            if case .full = second.coverage(queries: queries, keys: keys, at: site) {
                .full
            } else {
                .partial
            }
        }
    }

    public func validate(for extent: AttentionExtent) throws {
        try first.validate(for: extent)
        try second.validate(for: extent)
    }
}

/// The intersection of two masks.
public func & (first: any AttentionMask, second: any AttentionMask) -> IntersectionMask {
    IntersectionMask(first: first, second: second)
}

/// The union of two masks.
public func | (first: any AttentionMask, second: any AttentionMask) -> UnionMask {
    UnionMask(first: first, second: second)
}
