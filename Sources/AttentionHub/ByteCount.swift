/// A number of bytes as people read it, in powers of ten: `91.2 MB`.
public struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int

    /// A number of bytes, to be shown.
    public init(_ bytes: Int) { self.bytes = bytes }

    public var description: String {
        var value = Double(bytes)
        var unit: String?
        for larger in ["kB", "MB", "GB", "TB"] where value >= 999.5 { (value, unit) = (value / 1000, larger) }
        guard let unit else { return "\(bytes) \(bytes == 1 ? "byte" : "bytes")" }
        let tenths = Int((value * 10).rounded())
        return value < 99.95 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(Int(value.rounded())) \(unit)"
    }
}
