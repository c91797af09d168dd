/// A hash of the family that takes blocks of 64 bytes and ends with the length in bits.
package protocol BlockHash: Sendable {
    /// The words that the digest is made of.
    var words: [UInt32] { get }
    /// What has not filled a block yet.
    var pending: [UInt8] { get set }
    /// How many bytes came so far.
    var count: UInt64 { get set }

    /// Takes whole blocks.
    mutating func absorb(_ blocks: UnsafeRawBufferPointer)
}

extension BlockHash {
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

    /// The digest of all that came, in hexadecimal digits.
    package func digest() -> String {
        var last = self
        let zeros = (119 - pending.count) % 64
        var padding: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
        for shift in stride(from: 56, through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: (count &* 8) >> UInt64(shift)))
        }
        padding.withUnsafeBytes { last.update($0) }
        return last.words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }
}

@inline(__always) func rotated(_ word: UInt32, right count: UInt32) -> UInt32 {
    (word >> count) | (word << (32 - count))
}

@inline(__always) func bigEndianWord(_ block: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
    UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
}
