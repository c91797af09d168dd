import AttentionJSON

/// `oneOf` as a choice. Where no two alternatives may hold, each of them stands for itself; where two may,
/// each comes with the condition that the other does not hold.
extension SchemaReader {
    private static let greatestCount = 256
    private static let greatestDepth = 4

    mutating func expanded(
        _ alternatives: [Int], _ place: Int, _ condition: Int, _ mode: Mode
    ) throws(JSONSchemaError) -> Int {
        let key = SetKey(condition: condition, mode: mode)
        if let known = expansions[key] { return known }
        guard alternatives.count <= Self.greatestCount else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "", expected: "at most \(Self.greatestCount) alternatives",
                found: "\(alternatives.count)")
        }
        var sets: [ValueSet] = []
        for alternative in alternatives { sets.append(try values(alternative, .exact)) }
        var overlaps = [[Int]](repeating: [], count: alternatives.count)
        for second in sets.indices {
            for first in 0..<second where !areDisjoint(sets[first], sets[second], depth: 0) {
                overlaps[first].append(alternatives[second])
                overlaps[second].append(alternatives[first])
            }
        }
        var parts: [Int] = []
        if mode == .meant, overlaps.contains(where: { !$0.isEmpty }), let name = tag(sets) {
            let isThere = try conditions.add(.required([name]))
            for alternative in alternatives { parts.append(try conditions.all([alternative, isThere])) }
        } else {
            for (alternative, others) in zip(alternatives, overlaps) {
                var all = [alternative]
                for other in others { all.append(try conditions.not(other)) }
                parts.append(try conditions.all(all))
            }
        }
        let result = try conditions.any(parts)
        expansions[key] = result
        return result
    }

    /// A member that tells objects apart where it is there, as the name of a kind does. What is written has
    /// it, also where the schema, which gives it a default, does not require it.
    private mutating func tag(_ sets: [ValueSet]) -> ExactString? {
        guard sets.allSatisfy({ $0.types == .object && $0.objects.count == 1 }) else { return nil }
        return sets[0].objects[0].members.map(\.name).first { name in
            let conditions = sets.compactMap { $0.objects[0].condition(of: name) }
            guard conditions.count == sets.count else { return false }
            return conditions.indices.allSatisfy { second in
                (0..<second).allSatisfy { isEmpty(conditions[$0], conditions[second], depth: 1) }
            }
        }
    }

    // MARK: Emptiness

    /// Whether no value is in both sets; false where that is not seen.
    private mutating func areDisjoint(_ first: ValueSet, _ second: ValueSet, depth: Int) -> Bool {
        let types = first.types.intersection(second.types)
        if types.isEmpty { return true }
        guard depth < Self.greatestDepth, comparisonsLeft > 0 else { return false }
        comparisonsLeft -= 1
        guard types.isDisjoint(with: .single) else { return false }
        if types.contains(.number) {
            for one in first.numbers {
                for other in second.numbers {
                    var both = one
                    both.formIntersection(other)
                    guard both.isPlainlyEmpty else { return false }
                }
            }
        }
        if types.contains(.string) {
            for one in first.strings {
                for other in second.strings {
                    var both = one
                    both.formIntersection(other)
                    guard both.isEmpty(&comparisonsLeft) else { return false }
                }
            }
        }
        if types.contains(.array) {
            for one in first.arrays {
                for other in second.arrays where !areDisjoint(one, other, depth) { return false }
            }
        }
        guard types.contains(.object) else { return true }
        for one in first.objects {
            for other in second.objects where !areDisjoint(one, other, depth) { return false }
        }
        return true
    }

    private mutating func areDisjoint(_ one: ArraySet, _ other: ArraySet, _ depth: Int) -> Bool {
        let least = Swift.max(one.minCount, other.minCount)
        if let most = one.maxCount, most < least { return true }
        if let most = other.maxCount, most < least { return true }
        for index in 0..<Swift.min(least, Swift.max(one.prefix.count, other.prefix.count) + 1) {
            comparisonsLeft -= 1
            guard comparisonsLeft > 0 else { return false }
            if isEmpty(one.condition(at: index), other.condition(at: index), depth: depth + 1) { return true }
        }
        return false
    }

    private mutating func areDisjoint(_ one: ObjectSet, _ other: ObjectSet, _ depth: Int) -> Bool {
        for (first, second) in [(one, other), (other, one)] {
            for member in first.members where member.isRequired {
                comparisonsLeft -= 1 + second.rules.count
                guard comparisonsLeft > 0 else { return false }
                guard let condition = second.condition(of: member.name) else {
                    let isForbidden = second.rules.contains {
                        $0.condition == ConditionTable.never && $0.names.contains(member.name)
                    }
                    if isForbidden { return true }
                    continue
                }
                if isEmpty(member.condition, condition, depth: depth + 1) { return true }
            }
        }
        return false
    }

    /// Whether no value follows both conditions; false where that is not seen.
    private mutating func isEmpty(_ first: Int, _ second: Int, depth: Int) -> Bool {
        if first == ConditionTable.never || second == ConditionTable.never { return true }
        if first == ConditionTable.always || second == ConditionTable.always || first == second {
            return false
        }
        guard depth < Self.greatestDepth, comparisonsLeft > 0 else { return false }
        for condition in [first, second]
        where underway.contains(SetKey(condition: condition, mode: .exact)) { return false }
        guard let one = try? values(first, .exact), let other = try? values(second, .exact) else {
            return false
        }
        return areDisjoint(one, other, depth: depth)
    }
}
