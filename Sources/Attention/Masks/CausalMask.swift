/// The causal mask: a query sees the keys up to its own position.
public struct CausalMask: IntervalMask {
    /// The one causal mask.
    public init() {}

    public var dependence: MaskDependence { .positions }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        query >= site.keys ? 0..<site.keys : 0..<max(query + 1, 0)
    }
}

extension AttentionMask where Self == CausalMask {
    /// A query sees the keys up to its own position. For Nq ≠ Nk, ``QueryAlignment`` says where that is.
    public static var causal: CausalMask { CausalMask() }
}
