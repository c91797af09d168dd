import AttentionTensors

/// The shape and the number format of one position of one layer's cache.
public struct KeyValueLayout: Hashable, Sendable {
    /// Hkv
    public let heads: Int
    /// D
    public let keyWidth: Int
    /// Dv
    public let valueWidth: Int
    /// The form in which numbers are kept.
    public let storage: KeyValueStorage

    /// - Parameters:
    ///   - heads: Hkv, at least 1.
    ///   - keyWidth: D
    ///   - valueWidth: Dv; nil: D.
    ///   - storage: The number format.
    /// - Throws: `TensorError.invalidArgument` for sizes that no cache has.
    public init(
        heads: Int, keyWidth: Int, valueWidth: Int? = nil, storage: KeyValueStorage = .float32
    ) throws(TensorError) {
        let valueWidth = valueWidth ?? keyWidth
        let most = 1 << 20
        guard (1...most).contains(heads), (0...most).contains(keyWidth), (0...most).contains(valueWidth)
        else {
            throw .invalidArgument(
                "a key/value cache of \(heads) heads, keys of \(keyWidth) and values of \(valueWidth)")
        }
        self.heads = heads
        self.keyWidth = keyWidth
        self.valueWidth = valueWidth
        self.storage = storage
    }

    /// The bytes that one position takes, keys and values of all heads.
    public var bytesPerPosition: Int { heads * (keyRowBytes + valueRowBytes) }

    package var keyRowBytes: Int { storage.rowBytes(keyWidth) }
    package var valueRowBytes: Int { storage.rowBytes(valueWidth) }

    /// The bytes of a page of `length` positions: `[Hkv][length]` rows of keys, then as many of values.
    ///
    /// - Throws: `TensorError.invalidArgument` if the product does not fit.
    package func pageBytes(_ length: Int) throws(TensorError) -> Int {
        let (bytes, overflow) = bytesPerPosition.multipliedReportingOverflow(by: length)
        guard !overflow, length >= 0, length < 1 << 30 else {
            throw .invalidArgument("a key/value cache of \(length) positions of \(bytesPerPosition) bytes")
        }
        return bytes
    }
}
