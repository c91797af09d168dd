import AttentionJSON

/// The sets of values that conditions stand for.
extension SchemaReader {
    /// The way in which a condition is read.
    enum Mode: Hashable {
        /// Exactly as the specification says.
        case exact
        /// With the types that keywords imply, as ``ValueSet/asMeant``: fewer values.
        case meant
        /// The values that do not follow it, by the letter.
        case negated
    }

    struct SetKey: Hashable {
        var condition: Int
        var mode: Mode
    }

    /// The values that follow a condition.
    ///
    /// Members and items keep conditions of their own, so that a schema that leads back to itself through
    /// them has an end here.
    mutating func values(_ condition: Int, _ mode: Mode) throws(JSONSchemaError) -> ValueSet {
        let key = SetKey(condition: condition, mode: mode)
        if let known = sets[key] { return known }
        guard underway.count < GrammarLimits.schemaDepth else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "",
                expected: "at most \(GrammarLimits.schemaDepth) schemas within each other for one value",
                found: "more")
        }
        guard underway.insert(key).inserted else {
            throw JSONSchemaError(
                problem: .unsupported, path: "", expected: "references that lead on",
                found: "one that leads back to itself with nothing in between")
        }
        defer { underway.remove(key) }
        let set: ValueSet
        do throws(JSONSchemaError) {
            set = try compute(condition, mode)
        } catch {
            guard error.path.isEmpty, case .schema(let place) = conditions[condition],
                let schema = values[place]
            else { throw error }
            throw JSONSchemaError(
                problem: error.problem, path: schema.path, expected: error.expected, found: error.found)
        }
        sets[key] = set
        return set
    }

    private mutating func compute(_ condition: Int, _ mode: Mode) throws(JSONSchemaError) -> ValueSet {
        let isNegated = mode == .negated
        switch conditions[condition] {
        case .always: return isNegated ? .none : .all
        case .never: return isNegated ? .all : .none
        case .not(let inner): return try values(inner, isNegated ? .exact : .negated)
        case .all(let parts):
            return isNegated ? try union(parts, .negated) : try intersection(parts, mode)
        case .any(let parts):
            return isNegated ? try intersection(parts, .negated) : try union(parts, mode)
        case .one(let parts, let place):
            return try values(try expanded(parts, place, condition, mode == .meant ? .meant : .exact), mode)
        case .schema(let place):
            guard let schema = values[place] else { return .none }
            let reading = try reading(of: schema)
            var set = try values(reading.condition, mode)
            if mode == .meant {
                set.implied.formUnion(reading.implied)
                set.saysTypes = set.saysTypes || reading.saysTypes
            }
            return set
        case .equal(let place): return try values(try equality(place), mode)
        case .keyword(let number):
            return isNegated
                ? try negated(conditions.keywords[number]) : try plain(conditions.keywords[number])
        }
    }

    mutating func spend(_ steps: Int) throws(JSONSchemaError) {
        stepsLeft -= steps
        guard stepsLeft >= 0 else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "",
                expected: "a schema whose alternatives take at most \(GrammarLimits.schemaSteps) steps",
                found: "one that takes more")
        }
    }

    private mutating func intersection(_ parts: [Int], _ mode: Mode) throws(JSONSchemaError) -> ValueSet {
        var result = ValueSet.all
        for part in parts {
            let set = try values(part, mode)
            try spend(1 + result.size * Swift.max(1, set.count))
            try result.formIntersection(set, &conditions)
        }
        return result
    }

    private mutating func union(_ parts: [Int], _ mode: Mode) throws(JSONSchemaError) -> ValueSet {
        var result = ValueSet.none
        for part in parts {
            var set = try values(part, mode)
            if mode == .meant {
                set = set.asMeant
                result.saysTypes = result.saysTypes || set.saysTypes
            }
            try spend(1 + set.size)
            try result.formUnion(set)
        }
        return result
    }

    /// An array or an object of the schema as conditions on its items and members.
    private mutating func equality(_ place: Int) throws(JSONSchemaError) -> Int {
        if let known = equalities[place] { return known }
        var parts: [Int] = []
        if let elements = values[place]?.elements {
            var items: [Int] = []
            for element in elements { items.append(try self.condition(equalTo: element)) }
            parts = [
                try conditions.add(.values(ValueSet(arrays: [.all]))),
                try conditions.add(.itemCount(min: items.count, max: items.count)),
                try conditions.add(.items(items, rest: nil)),
            ]
        } else if let members = values[place]?.members {
            var equal: [ObjectSet.Member] = []
            for (name, value) in members {
                equal.append(.init(name: name, condition: try self.condition(equalTo: value)))
            }
            let names = equal.map(\.name)
            parts = [
                try conditions.add(.values(ValueSet(objects: [.all]))), try conditions.add(.members(equal)),
                try conditions.add(.required(names)),
                try conditions.add(.others(.init(excludedNames: Set(names)), ConditionTable.never)),
            ]
        }
        let condition = try conditions.all(parts)
        equalities[place] = condition
        return condition
    }
}

extension ValueSet {
    /// The number of simple sets that it consists of.
    var count: Int { numbers.count + strings.count + arrays.count + objects.count }

    /// How much is looked at when it is combined with a simple set.
    var size: Int {
        numbers.count + strings.count + arrays.reduce(0) { $0 + 1 + $1.prefix.count }
            + objects.reduce(0) { $0 + 1 + $1.members.count / 8 }
    }
}
