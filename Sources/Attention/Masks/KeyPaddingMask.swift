import AttentionTensors

/// A mask for padded batches: each batch element has one run of real keys, and the rest is never visible.
public struct KeyPaddingMask: IntervalMask {
    /// The number of real keys of each batch element.
    public let lengths: [Int]
    /// The first real key of each batch element: 0 where the padding is on the right.
    public let starts: [Int]

    /// - Parameters:
    ///   - lengths: The number of real keys of each batch element.
    ///   - starts: The first real key of each; nil: 0, with all padding on the right.
    public init(lengths: [Int], starts: [Int]? = nil) {
        self.lengths = lengths
        self.starts = starts ?? [Int](repeating: 0, count: lengths.count)
    }

    public var dependence: MaskDependence { .batch }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        let (start, length) = (starts[site.batch], lengths[site.batch])
        return start..<start + max(length, 0)
    }

    public func validate(for extent: AttentionExtent) throws {
        guard lengths.count == extent.batch, starts.count == extent.batch else {
            throw TensorError.invalidArgument(
                "the key padding mask has \(lengths.count) lengths and \(starts.count) starts "
                    + "for a batch of \(extent.batch)")
        }
        for (start, length) in zip(starts, lengths)
        where start < 0 || length < 0 || start > extent.keys || length > extent.keys - start {
            throw TensorError.invalidArgument(
                "the key padding mask has \(length) keys from \(start) on, of \(extent.keys) keys")
        }
    }
}

extension AttentionMask where Self == KeyPaddingMask {
    /// A mask that hides padding: the real keys of batch element b are the `lengths[b]` keys from `starts[b]`
    /// on; nil: from 0 on.
    public static func keyPadding(lengths: [Int], starts: [Int]? = nil) -> KeyPaddingMask {
        KeyPaddingMask(lengths: lengths, starts: starts)
    }
}
