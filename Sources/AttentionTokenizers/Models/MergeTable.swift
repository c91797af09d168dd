/// The merges of a byte-pair vocabulary: what two neighbouring symbols become, and how early.
///
/// One hash table with open addressing, because a text asks for about three pairs a scalar. Its keys come
/// from files, so where they lie in it depends on a number that every process draws anew.
struct MergeTable: Sendable {
    struct Merge {
        /// Merges of a lower rank are done first.
        var rank: UInt32
        var id: Int32
    }

    private struct Slot {
        var pair: UInt64
        /// Rank and id; `.max` in an empty slot.
        var merge: UInt64
    }

    private static let multiplier = UInt64.random(in: 0...UInt64.max) | 1
    private static let emptyMerge = UInt64.max

    private var slots: [Slot]
    private var shift: UInt64
    private let multiplier = Self.multiplier

    init(capacity: Int) {
        let bits = Swift.max(4, Int.bitWidth - (capacity + capacity / 2).leadingZeroBitCount)
        slots = [Slot](repeating: Slot(pair: 0, merge: Self.emptyMerge), count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    /// The merge of two neighbours, as `rank << 32 | id`, or `.max` where there is none; comparing the
    /// numbers compares the ranks.
    @inline(__always)
    func packed(_ left: Int32, _ right: Int32) -> UInt64 { slots[slot(of: Self.pair(left, right))].merge }

    /// Sets what two symbols become; a later merge of the same pair takes the place of an earlier one.
    ///
    /// - Precondition: the table has room, which ``init(capacity:)`` has made.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let pair = Self.pair(left, right)
        slots[slot(of: pair)] = Slot(
            pair: pair, merge: UInt64(merge.rank) << 32 | UInt64(UInt32(bitPattern: merge.id)))
    }

    @inline(__always)
    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The slot that holds the pair, or the empty one where it belongs.
    @inline(__always)
    private func slot(of pair: UInt64) -> Int {
        let mask = slots.count - 1
        // Folding brings both symbols into the upper half, which the product keeps.
        var slot = Int(truncatingIfNeeded: ((pair ^ pair >> 29) &* multiplier) >> shift)
        while slots[slot].merge != Self.emptyMerge, slots[slot].pair != pair { slot = (slot + 1) & mask }
        return slot
    }
}
