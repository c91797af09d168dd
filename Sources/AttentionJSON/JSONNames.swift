/// The names of one object's members, to find one that stands there twice.
///
/// Names are compared as bytes, and in a table of hashes, so that neither their number nor what they
/// consist of makes it slow.
struct JSONNames {
    /// In the upper half a name's hash, in the lower half where it begins; 0 is empty, as before every name
    /// there is a quote.
    private var table: [UInt64] = []
    private(set) var count = 0

    /// - Returns: whether the name is new.
    mutating func insert(_ name: JSONString, in bytes: [UInt8]) -> Bool {
        if (count + 1) * 4 > table.count * 3 { grow() }
        let hash = name.hash(in: bytes)
        var slot = Int(hash) & (table.count - 1)
        while table[slot] != 0 {
            if table[slot] >> 32 == hash,
                JSONString(at: Int(table[slot] & 0xFFFF_FFFF), in: bytes).equals(name, in: bytes)
            {
                return false
            }
            slot = (slot + 1) & (table.count - 1)
        }
        table[slot] = hash << 32 | UInt64(name.start)
        count += 1
        return true
    }

    private mutating func grow() {
        let old = table
        table = [UInt64](repeating: 0, count: max(8, old.count * 4))
        for entry in old where entry != 0 {
            var slot = Int(entry >> 32) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = entry
        }
    }
}

/// A polynomial over the bytes modulo 2^61 - 1, at a point that every process draws anew: the
/// author of a file cannot know which names collide (Carter and Wegman, "Universal classes of hash
/// functions", 1979).
enum NameHash {
    private static let prime: UInt64 = 1 << 61 - 1
    private static let point = UInt64.random(in: 1 << 32..<prime)
    private static let mixer = UInt64.random(in: 0...UInt64.max) | 1

    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let point = point
        // Seven bytes are one coefficient; the first one tells apart names that differ in zeros in front.
        var sum = UInt64(truncatingIfNeeded: bytes.count) & prime
        var coefficient: UInt64 = 0
        var filled = 0
        for byte in bytes {
            coefficient = coefficient << 8 | UInt64(byte)
            filled += 1
            if filled == 7 {
                sum = next(sum, point, coefficient)
                (coefficient, filled) = (0, 0)
            }
        }
        // The table uses the lower bits: multiplying carries all others up, and the shift brings them down.
        return (next(sum, point, coefficient) &* mixer) >> 32
    }

    /// `sum * point + coefficient` modulo the prime.
    @inline(__always)
    private static func next(_ sum: UInt64, _ point: UInt64, _ coefficient: UInt64) -> UInt64 {
        let (high, low) = sum.multipliedFullWidth(by: point)
        let folded = (low & prime) + (high << 3 | low >> 61) + coefficient
        let reduced = (folded & prime) + (folded >> 61)
        return reduced >= prime ? reduced - prime : reduced
    }
}
