import AttentionJSON

/// The sets of values that follow a keyword, and that do not.
extension SchemaReader {
    mutating func plain(_ keyword: Keyword) throws(JSONSchemaError) -> ValueSet {
        var result = ValueSet.all
        switch keyword {
        case .values(let set):
            result = set
            result.saysTypes = true
        case .numbers(let set): result.numbers = [set]
        case .strings(let set): result.strings = [set]
        case .items(let prefix, let rest):
            result.arrays = [
                ArraySet(prefix: prefix, rest: rest ?? ConditionTable.always, saysRest: rest != nil)
            ]
        case .itemCount(let min, let max): result.arrays = [ArraySet(minCount: min, maxCount: max)]
        case .counted(let count):
            // Of none at least, and however many: says nothing.
            result.arrays = [count.min == 0 && count.max == nil ? .all : ArraySet(counts: [count])]
        case .unique(let source): result.arrays = [ArraySet(unique: source)]
        case .members(let members):
            for member in members { try result.objects[0].add(member, &conditions) }
        case .required(let names):
            for name in names {
                try result.objects[0].add(
                    .init(name: name, condition: ConditionTable.always, isRequired: true), &conditions)
            }
        case .others(let names, let condition):
            try result.objects[0].add(.init(names: names, condition: condition), &conditions)
            result.objects[0].saysOthers = true
        case .names(let condition):
            guard let names = try names(condition) else { break }
            try result.objects[0].add(
                .init(names: .init(excluded: [names]), condition: ConditionTable.never), &conditions)
            result.objects[0].saysOthers = true
        case .memberCount(let min, let max):
            result.objects[0].minCount = min
            result.objects[0].maxCount = max
        }
        return result
    }

    mutating func negated(_ keyword: Keyword) throws(JSONSchemaError) -> ValueSet {
        var result = ValueSet.none
        switch keyword {
        case .values(let set): return set.complement
        case .numbers(let set): result.numbers = set.complement
        case .strings(let set): result.strings = set.complement
        case .items(let prefix, let rest):
            for (index, condition) in prefix.enumerated() where condition != ConditionTable.always {
                var items = [Int](repeating: ConditionTable.always, count: index)
                items.append(try conditions.not(condition))
                result.arrays.append(ArraySet(prefix: items, minCount: index + 1))
            }
            if let rest, rest != ConditionTable.always {
                let other = try conditions.not(rest)
                result.arrays.append(
                    ArraySet(counts: [.init(start: prefix.count, condition: other, min: 1)]))
            }
        case .itemCount(let min, let max):
            if min > 0 { result.arrays.append(ArraySet(maxCount: min - 1)) }
            if let max { result.arrays.append(ArraySet(minCount: max + 1)) }
        case .counted(let count):
            if count.min > 0 {
                var fewer = count
                (fewer.min, fewer.max) = (0, count.min - 1)
                result.arrays.append(ArraySet(counts: [fewer]))
            }
            if let max = count.max {
                var more = count
                (more.min, more.max) = (max + 1, nil)
                result.arrays.append(ArraySet(counts: [more]))
            }
        case .unique(let source): result.arrays = [ArraySet(repeating: source)]
        case .members(let members):
            for member in members where member.condition != ConditionTable.always {
                let other = try conditions.not(member.condition)
                var set = ObjectSet.all
                try set.add(.init(name: member.name, condition: other, isRequired: true), &conditions)
                result.objects.append(set)
            }
        case .required(let names):
            for name in names {
                var set = ObjectSet.all
                try set.add(.init(name: name, condition: ConditionTable.never), &conditions)
                result.objects.append(set)
            }
        case .others(let names, let condition):
            guard condition != ConditionTable.always else { break }
            var set = ObjectSet.all
            try set.addSome(.init(names: names, condition: try conditions.not(condition)), &conditions)
            result.objects = [set]
        case .names(let condition):
            guard let names = try names(condition) else { break }
            var set = ObjectSet.all
            try set.addSome(
                .init(names: .init(excluded: [names]), condition: ConditionTable.always), &conditions)
            result.objects = [set]
        case .memberCount(let min, let max):
            if min > 0 {
                var set = ObjectSet.all
                set.maxCount = min - 1
                result.objects.append(set)
            }
            if let max {
                var set = ObjectSet.all
                set.minCount = max + 1
                result.objects.append(set)
            }
        }
        return result
    }

    /// The names that follow a condition; nil for all.
    private mutating func names(_ condition: Int) throws(JSONSchemaError) -> TextAutomaton? {
        let strings = try values(condition, .exact).strings
        if strings.contains(where: \.isAll) { return nil }
        do throws(GrammarError) {
            var names = TextAutomaton.all.complement
            for set in strings { names = try names.union(try set.automaton()) }
            return names
        } catch {
            throw JSONSchemaError(
                problem: .tooLarge, path: "", expected: error.expected, found: error.found)
        }
    }
}
