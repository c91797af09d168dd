extension JSONGrammarBuilder {
    /// A range of whole numbers; an end that is nil is open.
    struct Range {
        var lower: Int?
        var upper: Int?

        var isEmpty: Bool { lower.map { low in upper.map { low > $0 } ?? false } ?? false }
    }

    /// As many digits as numbers without bounds have.
    private static let mostDigits = 16

    /// The whole numbers of a range, without a sign for 0.
    mutating func integers(_ range: Range) throws(GrammarError) -> Int {
        var parts: [Int] = []
        if range.lower.map({ $0 < 0 }) ?? true {
            let nearest = Swift.min(range.upper ?? -1, -1)
            let magnitude = try naturals(Range(lower: -nearest, upper: range.lower.map { -$0 }))
            parts.append(try table.sequence(table.text("-"), magnitude))
        }
        if range.upper.map({ $0 >= 0 }) ?? true {
            parts.append(try naturals(Range(lower: Swift.max(0, range.lower ?? 0), upper: range.upper)))
        }
        return try table.choice(parts)
    }

    /// The whole numbers of a range of which none is negative: for each length what can stand there.
    private mutating func naturals(_ range: Range) throws(GrammarError) -> Int {
        guard !range.isEmpty else { return try table.never() }
        let low = String(range.lower ?? 0)
        let high = range.upper.map { String($0) }
        let most = high?.utf8.count ?? Swift.max(Self.mostDigits, low.utf8.count)
        var parts: [Int] = []
        for length in low.utf8.count...most {
            let least = length == low.utf8.count ? low : "1" + String(repeating: "0", count: length - 1)
            let greatest =
                high.flatMap { length == $0.utf8.count ? $0 : nil } ?? String(repeating: "9", count: length)
            parts.append(try strings(Array(least.utf8), Array(greatest.utf8)))
        }
        return try table.choice(parts)
    }

    /// The strings of digits from one to another of the same length.
    private mutating func strings(_ least: [UInt8], _ greatest: [UInt8]) throws(GrammarError) -> Int {
        // From the last digit: what is at least, at most, and between.
        var (from, to, between) = (try table.empty(), try table.empty(), try table.empty())
        for index in least.indices.reversed() {
            let any = try repeatedDigits(least.count - index - 1)
            let (low, high) = (least[index], greatest[index])
            if low == high {
                between = try table.sequence(digit(low, low), between)
            } else {
                var parts = [try table.sequence(digit(low, low), from)]
                if low + 1 < high { parts.append(try table.sequence(digit(low + 1, high - 1), any)) }
                parts.append(try table.sequence(digit(high, high), to))
                between = try table.choice(parts)
            }
            var above = [try table.sequence(digit(low, low), from)]
            if low < 0x39 { above.append(try table.sequence(digit(low + 1, 0x39), any)) }
            from = try table.choice(above)
            var below = [try table.sequence(digit(high, high), to)]
            if high > 0x30 { below.append(try table.sequence(digit(0x30, high - 1), any)) }
            to = try table.choice(below)
        }
        return between
    }

    private mutating func digit(_ low: UInt8, _ high: UInt8) throws(GrammarError) -> Int {
        try table.add(.scalars(ScalarRanges([UInt32(low)...UInt32(high)])))
    }

    private mutating func repeatedDigits(_ count: Int) throws(GrammarError) -> Int {
        count == 0 ? try table.empty() : try table.repeated(digits, count, count)
    }

    // MARK: Numbers with fractions

    /// An end of a range, with or without the number itself.
    struct End {
        var value: Int
        var isInclusive: Bool
    }

    /// The numbers, whole or not, between two whole ones.
    mutating func numbers(_ lower: End?, _ upper: End?) throws(GrammarError) -> Int {
        var parts: [Int] = []
        if lower.map({ $0.value < 0 }) ?? true {
            let from = upper.flatMap {
                $0.value < 0 ? End(value: -$0.value, isInclusive: $0.isInclusive) : nil
            }
            let to = lower.map { End(value: -$0.value, isInclusive: $0.isInclusive) }
            let magnitude = try magnitudes(from ?? End(value: 0, isInclusive: false), to)
            parts.append(try table.sequence(table.text("-"), magnitude))
        }
        if upper.map({ $0.value > 0 || $0.value == 0 && $0.isInclusive }) ?? true {
            let from = lower.flatMap { $0.value >= 0 ? $0 : nil } ?? End(value: 0, isInclusive: true)
            parts.append(try magnitudes(from, upper))
        }
        return try table.choice(parts)
    }

    /// The numbers from `lower`, which is not negative, to `upper`.
    private mutating func magnitudes(_ lower: End, _ upper: End?) throws(GrammarError) -> Int {
        let zeros = try table.sequence(
            table.text("."), table.repeated(digit(0x30, 0x30), 1, Self.mostDigits))
        let fraction = try table.sequence(table.text("."), table.repeated(digits, 1, Self.mostDigits))
        var parts: [Int] = []
        if let upper, lower.value > upper.value { return try table.never() }
        // Whole parts that any fraction can follow.
        let first = lower.isInclusive ? lower.value : lower.value + 1
        let whole = Range(lower: first, upper: upper.map { $0.value - 1 })
        if !whole.isEmpty {
            parts.append(try table.sequence(naturals(whole), table.optional(fraction)))
        }
        if !lower.isInclusive, upper.map({ lower.value < $0.value }) ?? true {
            // The smallest whole part with a fraction that is not nothing.
            let more = try table.sequence(
                table.text("."), table.repeated(digit(0x30, 0x30), 0, Self.mostDigits - 1),
                digit(0x31, 0x39), table.repeated(digits, 0, Self.mostDigits))
            parts.append(try table.sequence(naturals(Range(lower: lower.value, upper: lower.value)), more))
        }
        if let upper, upper.isInclusive, upper.value > lower.value || lower.isInclusive {
            parts.append(
                try table.sequence(
                    naturals(Range(lower: upper.value, upper: upper.value)), table.optional(zeros)))
        }
        return try table.choice(parts)
    }
}
