/// The mask that hides nothing: every query sees every key.
public struct FullMask: IntervalMask {
    /// The one mask that hides nothing.
    public init() {}

    public var dependence: MaskDependence { .positions }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> { 0..<site.keys }
}

extension AttentionMask where Self == FullMask {
    /// Every query sees every key. (Not called `none`: where a mask is optional, that would mean nil.)
    public static var full: FullMask { FullMask() }
}
