/// A sliding window: a query at position i sees the keys at positions i − `before` … i + `after`.
public struct SlidingWindowMask: IntervalMask {
    /// How many keys before its own place a query sees.
    public let before: Int
    /// How many keys after its own place a query sees.
    public let after: Int

    /// - Parameters:
    ///   - before: How far back a query looks. Not negative.
    ///   - after: How far ahead; 0 for a causal window. Not negative.
    public init(before: Int, after: Int = 0) {
        precondition(before >= 0 && after >= 0, "a window reaches \(before) back and \(after) ahead")
        self.before = before
        self.after = after
    }

    public var dependence: MaskDependence { .positions }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        // Positions and reaches may be as large as an Int: a sum that overflows lies beyond all keys.
        let last = query.addingReportingOverflow(after)
        let end = last.overflow || last.partialValue >= site.keys ? site.keys : max(last.partialValue + 1, 0)
        let first = query.subtractingReportingOverflow(before)
        return min(max(first.overflow ? 0 : first.partialValue, 0), end)..<end
    }
}

extension AttentionMask where Self == SlidingWindowMask {
    /// A query sees itself, `before` keys back and `after` keys ahead. A decoder's "sliding window of w" is
    /// `before: w − 1`.
    public static func slidingWindow(before: Int, after: Int = 0) -> SlidingWindowMask {
        SlidingWindowMask(before: before, after: after)
    }
}
