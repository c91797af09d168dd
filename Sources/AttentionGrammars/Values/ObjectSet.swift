import AttentionJSON

/// A set of objects, with conditions of a ``ConditionTable`` on their members.
struct ObjectSet {
    struct Member {
        var name: ExactString
        var condition: Int
        var isRequired = false
    }

    /// Names, by what patterns say about them.
    struct NameClass {
        /// In this set, if there is one,
        var included: TextAutomaton?
        /// in none of these,
        var excluded: [TextAutomaton] = []
        /// and none of these.
        var excludedNames: Set<ExactString> = []

        func contains(_ name: ExactString) -> Bool {
            included?.contains(name) ?? true && !excluded.contains { $0.contains(name) }
                && !excludedNames.contains(name)
        }
    }

    /// A condition on all members of a class, or in ``some`` on at least one of them.
    struct Rule {
        var names: NameClass
        var condition: Int
    }

    /// Members by name, in the order in which schemas name them.
    private(set) var members: [Member] = []
    private var places: [ExactString: Int] = [:]
    /// About members that are not among ``members``; those that ``NameClass/excludedNames`` tells apart are.
    var rules: [Rule] = []
    var some: [Rule] = []
    var minCount = 0
    var maxCount: Int?
    /// Whether a keyword says something about members without naming them.
    var saysOthers = false

    static let all = ObjectSet()

    func condition(of name: ExactString) -> Int? { places[name].map { members[$0].condition } }

    /// Whether it is seen at once that no object is in the set.
    var isPlainlyEmpty: Bool {
        if let maxCount, maxCount < minCount { return true }
        return members.contains { $0.isRequired && $0.condition == ConditionTable.never }
            || some.contains { $0.condition == ConditionTable.never }
    }

    /// Adds a condition on the member of a name, which need not be there.
    mutating func add(
        _ member: Member, _ conditions: inout ConditionTable
    ) throws(JSONSchemaError) {
        if let place = places[member.name] {
            let both = try conditions.all([members[place].condition, member.condition])
            members[place].condition = both
            members[place].isRequired = members[place].isRequired || member.isRequired
            return
        }
        var condition = member.condition
        for rule in rules where rule.names.contains(member.name) {
            condition = try conditions.all([condition, rule.condition])
        }
        places[member.name] = members.count
        members.append(Member(name: member.name, condition: condition, isRequired: member.isRequired))
    }

    /// Adds a condition on all members of a class.
    mutating func add(_ rule: Rule, _ conditions: inout ConditionTable) throws(JSONSchemaError) {
        for index in members.indices where rule.names.contains(members[index].name) {
            let both = try conditions.all([members[index].condition, rule.condition])
            members[index].condition = both
        }
        rules.append(rule)
        try tellApart(rule.names.excludedNames, &conditions)
    }

    /// Adds a condition that a member of a class has to follow.
    mutating func addSome(_ rule: Rule, _ conditions: inout ConditionTable) throws(JSONSchemaError) {
        some.append(rule)
        try tellApart(rule.names.excludedNames, &conditions)
    }

    private mutating func tellApart(
        _ names: Set<ExactString>, _ conditions: inout ConditionTable
    ) throws(JSONSchemaError) {
        for name in names.subtracting(places.keys).sorted() {
            try add(Member(name: name, condition: ConditionTable.always), &conditions)
        }
    }

    mutating func formIntersection(
        _ other: ObjectSet, _ conditions: inout ConditionTable
    ) throws(JSONSchemaError) {
        for rule in other.rules {
            // The other's members have its rules in their conditions already.
            for index in members.indices
            where other.places[members[index].name] == nil && rule.names.contains(members[index].name) {
                let both = try conditions.all([members[index].condition, rule.condition])
                members[index].condition = both
            }
        }
        for member in other.members { try add(member, &conditions) }
        rules += other.rules
        some += other.some
        minCount = Swift.max(minCount, other.minCount)
        if let most = other.maxCount { maxCount = Swift.min(maxCount ?? most, most) }
        saysOthers = saysOthers || other.saysOthers
    }
}
