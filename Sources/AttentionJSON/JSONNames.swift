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
        let hash = UInt64(truncatingIfNeeded: name.hash(in: bytes)) >> 32
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
        table = [UInt64](repeating: 0, count: max(8, old.count * 2))
        for entry in old where entry != 0 {
            var slot = Int(entry >> 32) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = entry
        }
    }
}
