/// Those of a list that come first in the order of their keys, as many as it takes for their weights to reach
/// a bound; of equal keys, those that stand first.
///
/// A selection by digits, with no sorting: each digit's sums say in which of its values the bound lies, and
/// only those of that value are looked at for the next digit. 150,000 tokens would take tens of milliseconds
/// to sort.
enum FirstByKey {
    /// The last of the first.
    ///
    /// - Parameters:
    ///   - count: How long the list is; at least 1.
    ///   - bound: Those whose predecessors weigh less than this belong to the first, and so does the first of
    ///     all.
    ///   - before: What those weigh that come before the list.
    ///   - weight: Not negative, and not 0 for all.
    ///   - key: What orders them, ascending.
    /// - Returns: Its key, and its place: all of smaller keys belong to the first, and of its own key those
    ///   up to it.
    @inline(__always) static func boundary(
        of count: Int, until bound: Double, before: Double = 0, weight: (_ index: Int) -> Float,
        key: (_ index: Int) -> UInt32
    ) -> (key: UInt32, last: Int) {
        // Digits in which all keys agree are not looked at: of a thousand equals, none.
        var (least, most) = (UInt32.max, UInt32.min)
        for index in 0..<count {
            (least, most) = (min(least, key(index)), max(most, key(index)))
        }
        let differing = 32 - UInt32((least ^ most).leadingZeroBitCount)
        var boundary = least & ~(UInt32(truncatingIfNeeded: (UInt64(1) << differing) - 1))
        var before = before
        var tied: [Int32]?
        var shift = differing
        while shift > 0 {
            shift = shift > 11 ? shift - 11 : 0
            tied = digit(shift, tied, count, bound, &boundary, &before, weight, key)
        }
        var last = -1
        for place in 0..<(tied?.count ?? count) {
            last = tied.map { Int($0[place]) } ?? place
            before += Double(weight(last))
            if before >= bound { break }
        }
        return (boundary, last)
    }

    /// Finds the boundary's digit, and returns those that share it.
    ///
    /// - Parameters:
    ///   - tied: Those that share the digits so far; nil: all.
    ///   - before: What those weigh that come before the boundary.
    @inline(__always) private static func digit(
        _ shift: UInt32, _ tied: [Int32]?, _ count: Int, _ bound: Double, _ boundary: inout UInt32,
        _ before: inout Double, _ weight: (_ index: Int) -> Float, _ key: (_ index: Int) -> UInt32
    ) -> [Int32] {
        let mask: UInt32 = 2047
        let sums = withUnsafeTemporaryAllocation(of: Double.self, capacity: Int(mask) + 1) { sums in
            sums.initialize(repeating: 0)
            if let tied {
                for place in tied {
                    sums[Int(key(Int(place)) >> shift & mask)] += Double(weight(Int(place)))
                }
            } else {
                for index in 0..<count { sums[Int(key(index) >> shift & mask)] += Double(weight(index)) }
            }
            return Array(sums)
        }
        // Where rounding keeps the sums below the bound, the last digit is the boundary's.
        var (digit, sum) = (0, before)
        for candidate in sums.indices where sums[candidate] > 0 {
            (digit, before) = (candidate, sum)
            sum += sums[candidate]
            if sum >= bound { break }
        }
        boundary |= UInt32(digit) << shift
        if let tied { return tied.filter { key(Int($0)) >> shift & mask == UInt32(digit) } }
        return [Int32](unsafeUninitializedCapacity: count) { places, found in
            for index in 0..<count {
                places[found] = Int32(index)
                found += key(index) >> shift & mask == UInt32(digit) ? 1 : 0
            }
        }
    }

    /// A key whose ascending order is the descending order of numbers; −0 and 0 are one.
    @inline(__always) static func descending(_ number: Float) -> UInt32 {
        let bits = (number + 0).bitPattern
        return bits >> 31 == 1 ? bits : ~bits & 0x7FFF_FFFF
    }

    /// The places of the `count` greatest numbers, ascending.
    static func greatest(_ count: Int, of numbers: [Float]) -> [Int32] {
        numbers.withUnsafeBufferPointer { numbers in
            let boundary = boundary(
                of: numbers.count, until: Double(count), weight: { _ in 1 }, key: { descending(numbers[$0]) })
            return [Int32](unsafeUninitializedCapacity: numbers.count) { places, found in
                for index in numbers.indices {
                    let key = descending(numbers[index])
                    // Written over unless it is one of the first: there is no branch to guess.
                    places[found] = Int32(index)
                    found += key < boundary.key || (key == boundary.key && index <= boundary.last) ? 1 : 0
                }
            }
        }
    }
}
