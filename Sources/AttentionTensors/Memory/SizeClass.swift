/// The sizes of the pool's blocks: 256 bytes, and four in every doubling, so that at most a fifth is unused
/// (and, in a large block, is never touched).
struct SizeClass {
    /// 4 (log₂ of the doubling's start) + the step within it.
    let index: Int

    static let smallest = 256
    static let count = 4 * 62

    init(index: Int) { self.index = index }

    /// The smallest size that has room for `byteCount` bytes.
    init(byteCount: Int) {
        precondition(byteCount >= 0 && byteCount < 1 << 61, "no memory has \(byteCount) bytes")
        let last = max(byteCount, Self.smallest) - 1
        let doubling = Int.bitWidth - 1 - last.leadingZeroBitCount
        index = 4 * doubling + (last >> (doubling - 2)) & 3
    }

    var byteCount: Int { (5 + index % 4) << (index / 4 - 2) }
}
