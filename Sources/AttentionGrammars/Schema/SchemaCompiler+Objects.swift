import AttentionJSON

extension SchemaCompiler {
    /// Members without a name in the schema, by which patterns match their names.
    private struct Region {
        /// nil for all names.
        var names: TextAutomaton?
        /// The patterns that match, by their places in a list.
        var matching: Set<Int>
        var condition: Int
    }

    private static let greatestRegions = 64
    private static let greatestWitnesses = 4

    mutating func object(_ set: ObjectSet) throws -> Int {
        var choices: [Int] = []
        for set in try placingWitnesses(set) { choices.append(try placed(set)) }
        return try builder.table.choice(choices)
    }

    /// Takes apart by where the members are of which one at least has to follow a condition: each among those
    /// with names, or among the others.
    private mutating func placingWitnesses(_ set: ObjectSet) throws -> [ObjectSet] {
        guard set.some.count <= Self.greatestWitnesses else {
            throw tooMany(Self.greatestWitnesses, "conditions that some member follows", nil)
        }
        var sets = [set]
        sets[0].some = []
        for rule in set.some {
            var next: [ObjectSet] = []
            for set in sets {
                var other = set
                other.some.append(rule)
                next.append(other)
                for member in set.members where rule.names.contains(member.name) {
                    var named = set
                    try named.add(
                        .init(name: member.name, condition: rule.condition, isRequired: true),
                        &reader.conditions)
                    if !named.isPlainlyEmpty { next.append(named) }
                }
            }
            guard next.count <= GrammarLimits.alternatives else {
                throw tooMany(GrammarLimits.alternatives, "places of members", nil)
            }
            sets = next
        }
        return sets
    }

    // MARK: Members

    private mutating func placed(_ set: ObjectSet) throws -> Int {
        if set.isPlainlyEmpty { return try builder.table.never() }
        let possible = set.members.filter { $0.condition != ConditionTable.never }
        let isClosed =
            !writesAll && !set.saysOthers && !possible.isEmpty && set.minCount <= possible.count
            && set.some.isEmpty
        var items: [ListItem] = []
        for member in possible {
            let name = try builder.table.text(jsonString(member.name.string))
            let value = try expression(member.condition)
            items.append(
                ListItem(expression: try builder.member(name, value), isRequired: member.isRequired))
        }
        let (regions, patterns) = isClosed ? ([], []) : try self.regions(of: set)
        var members: [Int] = []
        for region in regions where region.condition != ConditionTable.never {
            members.append(try member(region, region.condition))
        }
        let extra = members.isEmpty ? nil : try builder.table.choice(members)
        guard !set.some.isEmpty else {
            return try object(items, extra: extra, set)
        }
        // The witnesses come first among the members without names. One may stand for several conditions.
        var choices: [Int] = []
        for blocks in Self.partitions(set.some) {
            var witnesses: [ListItem] = []
            for block in blocks {
                var forms: [Int] = []
                for region in regions where block.allSatisfy({ isMatched(region, by: $0.names, patterns) }) {
                    let condition = try reader.conditions.all([region.condition] + block.map(\.condition))
                    if condition != ConditionTable.never { forms.append(try member(region, condition)) }
                }
                witnesses.append(
                    ListItem(expression: try builder.table.choice(forms), isRequired: true))
            }
            choices.append(try object(items + witnesses, extra: extra, set))
        }
        return try builder.table.choice(choices)
    }

    private mutating func object(_ items: [ListItem], extra: Int?, _ set: ObjectSet) throws -> Int {
        do throws(GrammarError) {
            return try builder.object(items, extra: extra, min: set.minCount, max: set.maxCount)
        } catch {
            guard error.problem == .neverMatches else { throw error }
            return try builder.table.never()
        }
    }

    private mutating func member(_ region: Region, _ condition: Int) throws -> Int {
        let name = try region.names.map { names throws(GrammarError) in try builder.string(names) }
        return try builder.member(name ?? builder.string, try expression(condition))
    }

    // MARK: Names

    /// The names that are not those of members, taken apart by which patterns match them.
    private mutating func regions(of set: ObjectSet) throws -> ([Region], [TextAutomaton]) {
        var patterns: [TextAutomaton] = []
        for rule in set.rules + set.some {
            for pattern in [rule.names.included].compactMap(\.self) + rule.names.excluded
            where !patterns.contains(where: { $0 === pattern }) {
                patterns.append(pattern)
            }
        }
        let names = set.members.map(\.name)
        let unnamed: TextAutomaton? = names.isEmpty ? nil : try TextAutomaton.texts(names).complement
        var regions = [Region(names: unnamed, matching: [], condition: ConditionTable.always)]
        for (index, pattern) in patterns.enumerated() {
            var next: [Region] = []
            for region in regions {
                let base = region.names ?? .all
                for (part, isMatching) in [(pattern, true), (pattern.complement, false)] {
                    let names = try base.intersection(part)
                    guard !names.isEmpty else { continue }
                    let matching = isMatching ? region.matching.union([index]) : region.matching
                    next.append(Region(names: names, matching: matching, condition: region.condition))
                }
            }
            guard next.count <= Self.greatestRegions else {
                throw tooMany(Self.greatestRegions, "combinations of patterns for names", nil)
            }
            regions = next
        }
        for index in regions.indices {
            var conditions: [Int] = []
            for rule in set.rules where isMatched(regions[index], by: rule.names, patterns) {
                conditions.append(rule.condition)
            }
            regions[index].condition = try reader.conditions.all(conditions)
        }
        return (regions, patterns)
    }

    /// Whether the names of a region are of a class. None is one of the class's own names, which are all
    /// names of members.
    private func isMatched(
        _ region: Region, by names: ObjectSet.NameClass, _ patterns: [TextAutomaton]
    ) -> Bool {
        func isMatching(_ pattern: TextAutomaton) -> Bool {
            patterns.firstIndex { $0 === pattern }.map(region.matching.contains) ?? false
        }
        return names.included.map(isMatching) ?? true && !names.excluded.contains(where: isMatching)
    }

    /// All ways of putting rules into blocks.
    private static func partitions(_ rules: [ObjectSet.Rule]) -> [[[ObjectSet.Rule]]] {
        var partitions: [[[ObjectSet.Rule]]] = [[]]
        for rule in rules {
            partitions = partitions.flatMap { blocks in
                blocks.indices.map { index in
                    var next = blocks
                    next[index].append(rule)
                    return next
                } + [blocks + [[rule]]]
            }
        }
        return partitions
    }
}
