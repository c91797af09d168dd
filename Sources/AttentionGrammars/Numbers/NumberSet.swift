/// A set of numbers: those between two bounds that are multiples of some numbers and not of others.
struct NumberSet {
    /// An end of a range, with or without the number itself.
    struct Bound {
        var value: ExactDecimal
        var isInclusive: Bool
    }

    var lower: Bound?
    var upper: Bound?
    var multiples: [ExactDecimal] = []
    var nonMultiples: [ExactDecimal] = []
    /// The only numbers that are in the set; nil where all may be.
    var values: [ExactDecimal]?
    /// Numbers that are not in the set.
    var excluded: [ExactDecimal] = []

    static let all = NumberSet()
    static let integers = NumberSet(multiples: [.one])

    var isAll: Bool {
        lower == nil && upper == nil && multiples.isEmpty && nonMultiples.isEmpty && values == nil
            && excluded.isEmpty
    }

    /// Whether all of its numbers are whole.
    var isWhole: Bool { multiples.contains(where: \.isInteger) }

    /// - Returns: false also where a multiple is too large a question.
    func contains(_ number: ExactDecimal) -> Bool {
        if let lower, number < lower.value || !lower.isInclusive && number == lower.value { return false }
        if let upper, number > upper.value || !upper.isInclusive && number == upper.value { return false }
        return multiples.allSatisfy { number.isMultiple(of: $0) ?? false }
            && nonMultiples.allSatisfy { number.isMultiple(of: $0).map { !$0 } ?? false }
            && values?.contains(number) ?? true && !excluded.contains(number)
    }

    mutating func formIntersection(_ other: NumberSet) {
        if let bound = other.lower { raise(to: bound) }
        if let bound = other.upper { lower(to: bound) }
        multiples += other.multiples.filter { !multiples.contains($0) }
        nonMultiples += other.nonMultiples.filter { !nonMultiples.contains($0) }
        excluded += other.excluded
        if values != nil || other.values != nil {
            let kept = values.map { values in
                other.values.map { others in
                    let known = Set(others)
                    return values.filter(known.contains)
                } ?? values
            }
            values = nil
            let candidates = kept ?? other.values ?? []
            values = candidates.filter(contains)
        }
    }

    private mutating func raise(to bound: Bound) {
        guard let lower else {
            self.lower = bound
            return
        }
        if bound.value > lower.value || bound.value == lower.value && lower.isInclusive { self.lower = bound }
    }

    private mutating func lower(to bound: Bound) {
        guard let upper else {
            self.upper = bound
            return
        }
        if bound.value < upper.value || bound.value == upper.value && upper.isInclusive { self.upper = bound }
    }

    /// Whether it is seen at once that no number is in the set.
    var isPlainlyEmpty: Bool {
        if let values { return values.isEmpty }
        if multiples.contains(where: { one in nonMultiples.contains { one.isMultiple(of: $0) == true } }) {
            return true
        }
        guard let lower, let upper else { return false }
        return lower.value > upper.value
            || lower.value == upper.value
                && !(lower.isInclusive && upper.isInclusive && contains(lower.value))
    }

    /// The numbers that are not in the set, as sets that may overlap.
    var complement: [NumberSet] {
        var sets: [NumberSet] = []
        if let lower {
            sets.append(NumberSet(upper: Bound(value: lower.value, isInclusive: !lower.isInclusive)))
        }
        if let upper {
            sets.append(NumberSet(lower: Bound(value: upper.value, isInclusive: !upper.isInclusive)))
        }
        sets += multiples.map { NumberSet(nonMultiples: [$0]) }
        sets += nonMultiples.map { NumberSet(multiples: [$0]) }
        if let values { sets.append(NumberSet(excluded: values)) }
        if !excluded.isEmpty { sets.append(NumberSet(values: excluded)) }
        return sets
    }
}
