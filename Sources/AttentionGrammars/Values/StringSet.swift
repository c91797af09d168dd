import AttentionJSON

/// A set of strings: those of some lengths that are in all of some automata.
struct StringSet {
    /// In Unicode scalars.
    var minLength = 0
    var maxLength: Int?
    var automata: [TextAutomaton] = []
    /// The only strings that are in the set; nil where all may be.
    var values: [ExactString]?
    /// Strings that are not in the set.
    var excluded: Set<ExactString> = []

    static let all = StringSet()

    var isAll: Bool {
        minLength == 0 && maxLength == nil && automata.isEmpty && values == nil && excluded.isEmpty
    }

    func contains(_ text: ExactString) -> Bool {
        let length = text.unicodeScalars.count
        return length >= minLength && length <= maxLength ?? .max
            && automata.allSatisfy { $0.contains(text) } && values?.contains(text) ?? true
            && !excluded.contains(text)
    }

    mutating func formIntersection(_ other: StringSet) {
        minLength = Swift.max(minLength, other.minLength)
        if let most = other.maxLength { maxLength = Swift.min(maxLength ?? most, most) }
        automata += other.automata.filter { new in !automata.contains { $0 === new } }
        excluded.formUnion(other.excluded)
        guard values != nil || other.values != nil else { return }
        var candidates = values ?? other.values ?? []
        if values != nil, let others = other.values.map(Set.init) {
            candidates = candidates.filter(others.contains)
        }
        values = nil
        values = candidates.filter(contains)
    }

    /// Whether it is seen at once that no string is in the set.
    var isPlainlyEmpty: Bool {
        values?.isEmpty ?? (maxLength.map { $0 < minLength } ?? false) || automata.contains(where: \.isEmpty)
    }

    /// The edges of automata that finding out whether a set is empty may go through for one comparison.
    private static let edgesPerComparison = 256
    private static let greatestProduct = 1 << 16

    /// Whether no string is in the set; false where finding out takes too long.
    ///
    /// - Parameter comparisonsLeft: what is made for it is taken from this by its size.
    func isEmpty(_ comparisonsLeft: inout Int) -> Bool {
        comparisonsLeft -= 1
        if isPlainlyEmpty { return true }
        guard values == nil, automata.count > 1 || maxLength != nil && !automata.isEmpty else { return false }
        guard comparisonsLeft > 0, Self.isProductSmall(automata.map(\.states.count)) else { return false }
        guard let texts = Self.charged(&comparisonsLeft, { () throws(GrammarError) in try texts() }) else {
            return false
        }
        if texts.isEmpty { return true }
        let lengths = 1 + (maxLength ?? minLength)
        guard comparisonsLeft > 0, Self.isProductSmall([texts.states.count, lengths]) else { return false }
        return Self.charged(&comparisonsLeft) { () throws(GrammarError) in
            try texts.withLength(minLength, maxLength)
        }?.isEmpty ?? false
    }

    private static func isProductSmall(_ factors: [Int]) -> Bool {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow, next < greatestProduct else { return false }
            product = next
        }
        return true
    }

    /// Makes an automaton; nil for one that is too large.
    private static func charged(
        _ comparisonsLeft: inout Int, _ make: () throws(GrammarError) -> TextAutomaton
    ) -> TextAutomaton? {
        let automaton = try? make()
        let edges = automaton?.states.reduce(0) { $0 + $1.edges.count } ?? GrammarLimits.textEdges
        comparisonsLeft -= edges / edgesPerComparison
        return automaton
    }

    /// The set as one automaton.
    ///
    /// - Throws: ``GrammarError`` of the problem `tooLarge`.
    func automaton() throws(GrammarError) -> TextAutomaton {
        if let values { return try .texts(values) }
        return try texts().withLength(minLength, maxLength)
    }

    /// The strings of any length that are in all automata and not excluded.
    private func texts() throws(GrammarError) -> TextAutomaton {
        var result = automata.first ?? .all
        for other in automata.dropFirst() { result = try result.intersection(other) }
        if !excluded.isEmpty { result = try result.intersection(.texts(excluded).complement) }
        return result
    }

    /// The strings that are not in the set, as sets that may overlap.
    var complement: [StringSet] {
        var sets: [StringSet] = []
        if minLength > 0 { sets.append(StringSet(maxLength: minLength - 1)) }
        if let maxLength { sets.append(StringSet(minLength: maxLength + 1)) }
        sets += automata.map { StringSet(automata: [$0.complement]) }
        if let values { sets.append(StringSet(excluded: Set(values))) }
        if !excluded.isEmpty { sets.append(StringSet(values: excluded.sorted())) }
        return sets
    }
}
