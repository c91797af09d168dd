/// Every query sees every key.
public struct FullMask: IntervalMask {
    public init() {}

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> { 0..<site.keys }
}

extension AttentionMask where Self == FullMask {
    /// Every query sees every key.
    public static var none: FullMask { FullMask() }
}
