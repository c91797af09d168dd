import AttentionJSON

/// Text in a template: Unicode scalars with a mark on each that came from outside the template.
///
/// The mark is a bit beside the scalar, so that it follows the scalar through slices, splits, replacements
/// and changes of case. It plays no part in comparisons.
struct JinjaText: Sendable {
    static let mark: UInt32 = 1 << 31

    var units: [UInt32]
    /// Whether the filter `safe` made it: other text that is added to it is escaped.
    var isMarkup = false

    init(units: [UInt32] = [], isMarkup: Bool = false) { (self.units, self.isMarkup) = (units, isMarkup) }

    init(_ units: ArraySlice<UInt32>, isMarkup: Bool = false) {
        self.init(units: Array(units), isMarkup: isMarkup)
    }

    /// - Parameter isContent: whether the text came from outside the template.
    init(_ text: String, isContent: Bool = false) {
        let mark = isContent ? Self.mark : 0
        units = text.unicodeScalars.map { $0.value | mark }
    }

    var count: Int { units.count }
    var isEmpty: Bool { units.isEmpty }

    /// The text itself, without its marks.
    /// The text as the name of something.
    var name: ExactString { ExactString(string) }

    var string: String {
        var scalars = String.UnicodeScalarView()
        for unit in units { scalars.append(Self.scalar(unit)) }
        return String(scalars)
    }

    static func scalar(_ unit: UInt32) -> Unicode.Scalar { Unicode.Scalar(unit & ~mark) ?? "\u{FFFD}" }

    func with(_ units: some Sequence<UInt32>) -> JinjaText {
        JinjaText(units: Array(units), isMarkup: isMarkup)
    }
}

extension JinjaText: Hashable {
    static func == (left: JinjaText, right: JinjaText) -> Bool {
        guard left.count == right.count else { return false }
        return left.units.withUnsafeBufferPointer { a in
            right.units.withUnsafeBufferPointer { b in
                var difference: UInt32 = 0
                for index in a.indices { difference |= a[index] ^ b[index] }
                return difference & ~mark == 0
            }
        }
    }

    func hash(into hasher: inout Hasher) {
        for unit in units { hasher.combine(unit & ~Self.mark) }
    }

    /// The order of Python's strings: that of their scalars.
    func precedes(_ other: JinjaText) -> Bool {
        for (a, b) in zip(units, other.units) where (a ^ b) & ~Self.mark != 0 {
            return a & ~Self.mark < b & ~Self.mark
        }
        return count < other.count
    }
}

// MARK: Searching

extension JinjaText {
    /// Whether `other` stands at `index`.
    func has(_ other: JinjaText, at index: Int) -> Bool {
        guard index >= 0, index + other.count <= count else { return false }
        for offset in other.units.indices
        where (units[index + offset] ^ other.units[offset]) & ~Self.mark != 0 {
            return false
        }
        return true
    }

    func hasPrefix(_ other: JinjaText) -> Bool { has(other, at: 0) }
    func hasSuffix(_ other: JinjaText) -> Bool { has(other, at: count - other.count) }

    /// The first place of `other` in `range`, found in time linear in the text's length (Knuth, Morris
    /// and Pratt, 1977).
    func first(_ other: JinjaText, in range: Range<Int>? = nil) -> Int? {
        let range = range ?? 0..<count
        guard !other.isEmpty else { return range.lowerBound }
        guard other.count <= range.count else { return nil }
        if other.count == 1 {
            let wanted = other.units[0] & ~Self.mark
            return units[range].firstIndex { $0 & ~Self.mark == wanted }
        }
        let borders = other.borders
        var matched = 0
        for index in range {
            let unit = units[index]
            while matched > 0, (unit ^ other.units[matched]) & ~Self.mark != 0 {
                matched = borders[matched - 1]
            }
            if (unit ^ other.units[matched]) & ~Self.mark == 0 { matched += 1 }
            if matched == other.count { return index + 1 - matched }
        }
        return nil
    }

    /// The length of the longest border of each prefix.
    private var borders: [Int] {
        var borders = [0]
        var length = 0
        for index in 1..<count {
            while length > 0, (units[index] ^ units[length]) & ~Self.mark != 0 {
                length = borders[length - 1]
            }
            if (units[index] ^ units[length]) & ~Self.mark == 0 { length += 1 }
            borders.append(length)
        }
        return borders
    }

    /// The last place of `other` in `range`.
    func last(_ other: JinjaText, in range: Range<Int>? = nil) -> Int? {
        let range = range ?? 0..<count
        let backwards = JinjaText(units: units[range].reversed())
        guard let found = backwards.first(JinjaText(units: other.units.reversed())) else { return nil }
        return range.upperBound - found - other.count
    }

    /// All places of `other`, none of which overlaps another. `other` is not empty.
    func places(of other: JinjaText, limit: Int = .max) -> [Int] {
        var places: [Int] = []
        var start = 0
        while places.count < limit, let place = first(other, in: start..<count) {
            places.append(place)
            start = place + other.count
        }
        return places
    }
}

// MARK: White space

extension JinjaText {
    /// White space as Python's `str.isspace` has it.
    static func isSpace(_ unit: UInt32) -> Bool {
        switch unit & ~mark {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000:
            true
        default: false
        }
    }

    enum Side { case left, right, both }

    func stripped(_ side: Side = .both, where belongs: (UInt32) -> Bool = isSpace) -> JinjaText {
        var rest = units[...]
        if side != .right { rest = rest.drop(while: belongs) }
        if side != .left { while let last = rest.last, belongs(last) { rest.removeLast() } }
        return JinjaText(rest, isMarkup: isMarkup)
    }

    /// The lines, without their ends, as Python's `str.splitlines` finds them.
    func lines(keepingEnds: Bool = false) -> [JinjaText] {
        var lines: [JinjaText] = []
        var start = 0
        var index = 0
        while index < count {
            let unit = units[index] & ~Self.mark
            let isEnd =
                switch unit {
                case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
                default: false
                }
            index += 1
            guard isEnd else { continue }
            let end = index - 1
            if unit == 0x0D, index < count, units[index] & ~Self.mark == 0x0A { index += 1 }
            lines.append(JinjaText(units[start..<(keepingEnds ? index : end)], isMarkup: isMarkup))
            start = index
        }
        if start < count { lines.append(JinjaText(units[start...], isMarkup: isMarkup)) }
        return lines
    }
}
