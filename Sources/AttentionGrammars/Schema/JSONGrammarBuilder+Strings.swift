import AttentionJSON

extension JSONGrammarBuilder {
    /// A string of `min` to `max` characters.
    mutating func string(_ min: Int, _ max: Int?) throws(GrammarError) -> Int {
        guard min > 0 || max != nil else { return string }
        let quote = try table.text("\"")
        return try table.sequence(quote, table.repeated(character, min, max), quote)
    }

    /// A set of characters as they stand in a string: those that must be escaped in their shortest form.
    mutating func content(_ scalars: ScalarRanges) throws(GrammarError) -> Int {
        var parts = [try table.add(.scalars(scalars.intersection(Self.plain)))]
        let escaped = scalars.intersection(Self.plain.inverted)
        for scalar in escaped.ranges.flatMap({ $0 }).compactMap({ Unicode.Scalar($0) }) {
            parts.append(try table.text(String(jsonString(String(scalar)).dropFirst().dropLast())))
        }
        return try table.choice(parts)
    }

    /// A string that is none of these. It is written without escapes, so that none can come back in disguise.
    mutating func string(notOneOf names: [String]) throws(GrammarError) -> Int {
        guard !names.isEmpty else { return string }
        let plain = try table.add(.scalars(Self.plain))
        // The names' beginnings as a tree; children have larger numbers than their parents.
        var children: [[Unicode.Scalar: Int]] = [[:]]
        var isName = [false]
        for name in names where name.unicodeScalars.allSatisfy(Self.plain.contains) {
            var node = 0
            for scalar in name.unicodeScalars {
                if let known = children[node][scalar] {
                    node = known
                } else {
                    children[node][scalar] = children.count
                    node = children.count
                    children.append([:])
                    isName.append(false)
                }
            }
            isName[node] = true
        }
        var rests = [Int](repeating: 0, count: children.count)
        let anything = try table.repeated(plain, 0, nil)
        for node in children.indices.reversed() {
            let taken = ScalarRanges(children[node].keys)
            let other = try table.add(.scalars(Self.plain.intersection(taken.inverted)))
            var parts = [try table.sequence(other, anything)]
            if !isName[node] { parts.append(try table.empty()) }
            for (scalar, child) in children[node].sorted(by: { $0.key < $1.key }) {
                parts.append(try table.sequence(table.text(String(scalar)), rests[child]))
            }
            rests[node] = try table.choice(parts)
        }
        let quote = try table.text("\"")
        return try table.sequence(quote, rests[0], quote)
    }

    // MARK: Formats

    static let formats = ["date", "time", "date-time", "uuid", "ipv4"]

    /// The strings of a format; nil for an unknown one. Dates are those of the years 1000 to 9999, without
    /// the 29th of February, which only some years have; times have at most six digits behind the point (RFC
    /// 3339).
    mutating func format(_ name: String) throws(GrammarError) -> Int? {
        let content: Int
        switch name {
        case "date": content = try date()
        case "time": content = try time()
        case "date-time": content = try table.sequence(date(), table.text("T"), time())
        case "uuid": content = try uuid()
        case "ipv4":
            let byte = try integers(Range(lower: 0, upper: 255))
            let dot = try table.text(".")
            content = try table.sequence(byte, dot, byte, dot, byte, dot, byte)
        default: return nil
        }
        let quote = try table.text("\"")
        return try table.sequence(quote, content, quote)
    }

    /// Whole numbers of two digits.
    private mutating func twoDigits(_ range: ClosedRange<Int>) throws(GrammarError) -> Int {
        try table.choice(
            range.map { number throws(GrammarError) in
                try table.text(number < 10 ? "0\(number)" : "\(number)")
            })
    }

    private mutating func date() throws(GrammarError) -> Int {
        let year = try table.sequence(table.scalars("1"..."9"), digits, digits, digits)
        let dash = try table.text("-")
        var days: [Int] = []
        for (months, last) in [([1, 3, 5, 7, 8, 10, 12], 31), ([4, 6, 9, 11], 30), ([2], 28)] {
            let month = try table.choice(
                months.map { month throws(GrammarError) in try twoDigits(month...month) })
            days.append(try table.sequence(month, dash, twoDigits(1...last)))
        }
        return try table.sequence(year, dash, table.choice(days))
    }

    private mutating func time() throws(GrammarError) -> Int {
        let colon = try table.text(":")
        let hours = try twoDigits(0...23)
        let minutes = try twoDigits(0...59)
        let fraction = try table.optional(table.sequence(table.text("."), table.repeated(digits, 1, 6)))
        let offset = try table.sequence(
            table.add(.scalars(ScalarRanges(["+", "-"] as [Unicode.Scalar]))), hours, colon, minutes)
        return try table.sequence(
            hours, colon, minutes, colon, minutes, fraction, table.choice(table.text("Z"), offset))
    }

    private mutating func uuid() throws(GrammarError) -> Int {
        let hex = try table.scalars("0"..."9", "A"..."F", "a"..."f")
        let dash = try table.text("-")
        var parts: [Int] = []
        for length in [8, 4, 4, 4, 12] { parts += [try table.repeated(hex, length, length), dash] }
        return try table.sequence(parts.dropLast())
    }
}
