import AttentionJSON

/// A set of arrays, with conditions of a ``ConditionTable`` on their items.
struct ArraySet {
    /// Items from one place on of which so many hold.
    struct Count {
        var start: Int
        var condition: Int
        var min: Int
        var max: Int?
        var source: JSONValue?
    }

    /// The conditions on the first items.
    var prefix: [Int] = []
    /// The condition on all items behind these.
    var rest = ConditionTable.always
    /// Whether a keyword says something about the items behind the first ones.
    var saysRest = false
    var minCount = 0
    var maxCount: Int?
    var counts: [Count] = []
    /// The keyword that says that no two items are equal, or in ``repeating`` that two are.
    var unique: JSONValue?
    var repeating: JSONValue?

    static let all = ArraySet()

    func condition(at index: Int) -> Int { prefix.indices.contains(index) ? prefix[index] : rest }

    /// Whether it is seen at once that no array is in the set.
    var isPlainlyEmpty: Bool {
        if let maxCount, maxCount < minCount { return true }
        return (0..<Swift.min(minCount, prefix.count)).contains { prefix[$0] == ConditionTable.never }
            || minCount > prefix.count && rest == ConditionTable.never
    }

    mutating func formIntersection(
        _ other: ArraySet, _ conditions: inout ConditionTable
    ) throws(JSONSchemaError) {
        var both: [Int] = []
        for index in 0..<Swift.max(prefix.count, other.prefix.count) {
            both.append(try conditions.all([condition(at: index), other.condition(at: index)]))
        }
        prefix = both
        rest = try conditions.all([rest, other.rest])
        saysRest = saysRest || other.saysRest
        minCount = Swift.max(minCount, other.minCount)
        if let most = other.maxCount { maxCount = Swift.min(maxCount ?? most, most) }
        counts += other.counts
        unique = unique ?? other.unique
        repeating = repeating ?? other.repeating
    }
}
