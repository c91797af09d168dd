import AttentionJSON

/// A set of scalars: ranges in ascending order that do not touch, and the ASCII ones as bits too.
struct ScalarSet: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<UInt32>]
    private let ascii: (UInt64, UInt64)

    static let all = ScalarSet([0...0x10FFFF])

    /// - Parameter ranges: in any order.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last,
                last.upperBound >= range.lowerBound || last.upperBound + 1 == range.lowerBound
            {
                merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
        var bits: (UInt64, UInt64) = (0, 0)
        for range in merged where range.lowerBound < 128 {
            for scalar in range.lowerBound...Swift.min(127, range.upperBound) {
                if scalar < 64 { bits.0 |= 1 << UInt64(scalar) } else { bits.1 |= 1 << UInt64(scalar - 64) }
            }
        }
        ascii = bits
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    static func == (first: ScalarSet, second: ScalarSet) -> Bool { first.ranges == second.ranges }

    @inline(__always)
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 64 { return ascii.0 >> UInt64(value) & 1 == 1 }
        if value < 128 { return ascii.1 >> UInt64(value - 64) & 1 == 1 }
        return containsBeyondASCII(value)
    }

    private func containsBeyondASCII(_ value: UInt32) -> Bool {
        ranges.withUnsafeBufferPointer { ranges in
            var low = 0
            var high = ranges.count
            while low < high {
                let middle = (low + high) / 2
                if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
            }
            return low < ranges.count && ranges[low].lowerBound <= value
        }
    }

    // MARK: Algebra

    var inverted: ScalarSet {
        var inverted: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { inverted.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { inverted.append(next...0x10FFFF) }
        return ScalarSet(inverted)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func intersection(_ other: ScalarSet) -> ScalarSet { inverted.union(other.inverted).inverted }

    /// With everything that is the same but for case.
    var ignoringCase: ScalarSet {
        var added = ranges
        for pair in Self.casePairs where contains(pair.0) != contains(pair.1) {
            added.append(pair.0.value...pair.0.value)
            added.append(pair.1.value...pair.1.value)
        }
        return ScalarSet(added)
    }

    /// Every scalar that has a single lower-case one, with it.
    private static let casePairs: [(Unicode.Scalar, Unicode.Scalar)] = {
        var pairs: [(Unicode.Scalar, Unicode.Scalar)] = [
            ("\u{17F}", "s"), ("\u{17F}", "S"), ("\u{212A}", "K"),
        ]
        for run in ScalarMapping.lowercase.runs where run.targets.count == 1 {
            for value in stride(from: run.first, through: run.last, by: Int(run.step)) {
                guard let upper = Unicode.Scalar(value),
                    let lower = Unicode.Scalar(run.targets[0] + value - run.first)
                else { continue }
                pairs.append((upper, lower))
            }
        }
        return pairs
    }()

    // MARK: Named sets

    static let whitespace = ScalarSet(UnicodeDataReader.ranges(of: UnicodeData.whitespace))

    static let digits = category(GeneralCategory.Nd.mask)

    static let hexadecimal = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])

    /// What `\w` matches in Oniguruma: it counts the numbers of Latin-1 in, and joiners out.
    static let word = ScalarSet(UnicodeDataReader.ranges(of: UnicodeData.wordScalars))
        .union(ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]))
        .intersection(ScalarSet([0x200C...0x200D]).inverted)

    static func category(_ mask: UInt32) -> ScalarSet { ScalarSet(GeneralCategories.shared.ranges(in: mask)) }

    /// The set that `\p{name}` stands for: a general category or a script; nil where the name is unknown.
    static func property(_ name: String) -> ScalarSet? {
        if ExactString(name) == "Any" { return .all }
        if let mask = GeneralCategory.mask(named: name) { return category(mask) }
        return scripts[ExactString(name.lowercased())]
    }

    private static let scripts: [ExactString: ScalarSet] = {
        var scripts: [ExactString: [ClosedRange<UInt32>]] = [:]
        var reader = UnicodeDataReader(UnicodeData.scripts)
        var name: ExactString = ""
        while reader.hasMore() {
            if let next = reader.acceptName(before: "=") { name = ExactString(next.lowercased()) }
            guard reader.hasMore() else { break }
            scripts[name, default: []].append(reader.range())
        }
        return scripts.mapValues { ScalarSet($0) }
    }()
}
