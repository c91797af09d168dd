import AttentionTensors

/// Of each batch element only the first so many keys are real; the rest is padding that nobody sees.
public struct KeyPaddingMask: IntervalMask {
    /// The number of real keys of each batch element.
    public let lengths: [Int]

    public init(lengths: [Int]) {
        self.lengths = lengths
    }

    public func visibleKeys(query: Int, at site: AttentionSite) -> Range<Int> {
        0..<min(max(lengths[site.batch], 0), site.keys)
    }

    public func validate(for extent: AttentionExtent) throws {
        guard lengths.count == extent.batch else {
            throw TensorError.invalidArgument(
                "the key padding mask has \(lengths.count) lengths for a batch of \(extent.batch)")
        }
        if let bad = lengths.first(where: { $0 < 0 || $0 > extent.keys }) {
            throw TensorError.invalidArgument(
                "the key padding mask has a length of \(bad) for \(extent.keys) keys")
        }
    }
}

extension AttentionMask where Self == KeyPaddingMask {
    /// Of batch element b only the first `lengths[b]` keys are real.
    public static func keyPadding(lengths: [Int]) -> KeyPaddingMask { KeyPaddingMask(lengths: lengths) }
}
