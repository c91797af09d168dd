/// A set of Unicode scalars: ranges in ascending order that neither touch nor overlap, without surrogates.
struct ScalarRanges: Hashable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let greatest: UInt32 = 0x10FFFF
    static let surrogates: ClosedRange<UInt32> = 0xD800...0xDFFF
    static let all = ScalarRanges([0...greatest])

    /// - Parameter ranges: in any order; they may overlap.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        let pieces = ranges.flatMap(Self.withoutSurrogates).sorted { $0.lowerBound < $1.lowerBound }
        for range in pieces {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    init(_ scalars: some Sequence<Unicode.Scalar>) { self.init(scalars.map { $0.value...$0.value }) }

    private static func withoutSurrogates(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        guard range.overlaps(surrogates) else { return [range] }
        var pieces: [ClosedRange<UInt32>] = []
        if range.lowerBound < surrogates.lowerBound {
            pieces.append(range.lowerBound...surrogates.lowerBound - 1)
        }
        if range.upperBound > surrogates.upperBound {
            pieces.append(surrogates.upperBound + 1...range.upperBound)
        }
        return pieces
    }

    var isEmpty: Bool { ranges.isEmpty }

    var inverted: ScalarRanges {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if next < range.lowerBound { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.greatest { gaps.append(next...Self.greatest) }
        return ScalarRanges(gaps)
    }

    func union(_ other: ScalarRanges) -> ScalarRanges { ScalarRanges(ranges + other.ranges) }

    func intersection(_ other: ScalarRanges) -> ScalarRanges {
        inverted.union(other.inverted).inverted
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }
}

extension ScalarRanges {
    /// The set's scalars in UTF-8, as sequences of ranges of bytes: the first byte lies in the first range,
    /// the second in the second, and so on. The sequences are disjoint.
    var byteSequences: [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        for range in ranges {
            for lengthRange: ClosedRange<UInt32> in [
                0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF,
            ] where range.overlaps(lengthRange) {
                let part = range.clamped(to: lengthRange)
                let first = Self.bytes(part.lowerBound)
                let last = Self.bytes(part.upperBound)
                Self.split(first[...], last[...], prefix: [], into: &sequences)
            }
        }
        return sequences
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        Unicode.Scalar(value).flatMap { UTF8.encode($0).map(Array.init) } ?? []
    }

    /// All byte strings between two of one length, cut where the bytes that follow are not all possible ones.
    private static func split(
        _ first: ArraySlice<UInt8>, _ last: ArraySlice<UInt8>, prefix: [ClosedRange<UInt8>],
        into sequences: inout [[ClosedRange<UInt8>]]
    ) {
        guard let low = first.first, let high = last.first else {
            sequences.append(prefix)
            return
        }
        let firstRest = first.dropFirst()
        let lastRest = last.dropFirst()
        if low == high {
            split(firstRest, lastRest, prefix: prefix + [low...low], into: &sequences)
            return
        }
        let least = firstRest.map { _ in UInt8(0x80) }
        let most = firstRest.map { _ in UInt8(0xBF) }
        var from = low
        var to = high
        if Array(firstRest) != least {
            split(firstRest, most[...], prefix: prefix + [low...low], into: &sequences)
            from += 1
        }
        if Array(lastRest) != most { to -= 1 }
        if from <= to {
            sequences.append(prefix + [from...to] + least.map { _ in 0x80...0xBF })
        }
        if Array(lastRest) != most {
            split(least[...], lastRest, prefix: prefix + [high...high], into: &sequences)
        }
    }
}
