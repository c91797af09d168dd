/// A hash of the family that takes blocks of 64 bytes and ends with the length in bits.
package protocol BlockHash: Sendable {
    /// The words that make up the digest.
    var words: [UInt32] { get }
    /// The bytes that have not filled a block yet.
    var pending: [UInt8] { get set }
    /// The number of bytes so far.
    var count: UInt64 { get set }

    /// The number of words that a block is expanded to.
    static var scheduleCount: Int { get }

    /// Mixes a block into the state.
    ///
    /// - Parameter schedule: Memory for the words that the block is expanded to.
    mutating func absorb(_ block: UnsafeRawBufferPointer, schedule: UnsafeMutableBufferPointer<UInt32>)
}

extension BlockHash {
    /// Mixes whole blocks into the state.
    private mutating func absorb(_ blocks: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.scheduleCount) { schedule in
            for start in stride(from: 0, to: blocks.count, by: 64) {
                absorb(UnsafeRawBufferPointer(rebasing: blocks[start..<start + 64]), schedule: schedule)
            }
        }
    }

    /// Mixes in bytes, in pieces of any length.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += UInt64(bytes.count)
        var rest = bytes
        if !pending.isEmpty {
            let taken = min(64 - pending.count, rest.count)
            pending += rest[..<taken]
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            guard pending.count == 64 else { return }
            let block = pending
            pending = []
            block.withUnsafeBytes { absorb($0) }
        }
        let whole = rest.count / 64 * 64
        absorb(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
        pending += rest[whole...]
    }

    /// The digest of all bytes so far.
    package var bytes: [UInt8] {
        var last = self
        let zeros = (119 - pending.count) % 64
        var padding: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
        for shift in stride(from: 56, through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: (count &* 8) >> UInt64(shift)))
        }
        padding.withUnsafeBytes { last.update($0) }
        return last.words.flatMap { word in
            stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    /// The digest in hexadecimal digits.
    package func digest() -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

@inline(__always) func rotated(_ word: UInt32, right count: UInt32) -> UInt32 {
    (word >> count) | (word << (32 - count))
}

@inline(__always) func bigEndianWord(_ block: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
    UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
}
