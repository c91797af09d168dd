/// Canonical combining classes: the order in which marks after one base stand.
struct CombiningClasses: Sendable {
    struct Entry {
        let range: ClosedRange<UInt32>
        let value: UInt8
    }

    static let shared = CombiningClasses()

    /// The entries, in ascending order of scalars.
    let entries: [Entry]

    private init() {
        var entries: [Entry] = []
        var reader = UnicodeDataReader(UnicodeData.combiningClasses)
        var value: UInt8 = 0
        while reader.hasMore() {
            let range = reader.range()
            if reader.accept("=") {
                value = UInt8(range.lowerBound)
            } else {
                entries.append(Entry(range: range, value: value))
            }
        }
        self.entries = entries.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// The class of a scalar; 0 for one that never moves.
    subscript(_ scalar: Unicode.Scalar) -> UInt8 {
        guard scalar.has(.normalizes) else { return 0 }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].range.upperBound < scalar.value { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].range.contains(scalar.value) else { return 0 }
        return entries[low].value
    }
}
