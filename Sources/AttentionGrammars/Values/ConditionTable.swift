import AttentionJSON

/// A condition on values, in terms of other conditions of a ``ConditionTable``.
enum Condition: Hashable {
    case always
    case never
    /// The schema at this place of the schema's text.
    case schema(Int)
    /// A keyword, or several that are read together.
    case keyword(Int)
    case not(Int)
    case all([Int])
    case any([Int])
    /// Exactly one of these; the number is the place of the keyword.
    case one([Int], Int)
    /// Equal to the value at this place of the schema's text.
    case equal(Int)
}

/// Conditions by number. Equal ones are one.
struct ConditionTable {
    static let always = 0
    static let never = 1

    private(set) var conditions: [Condition] = [.always, .never]
    private var numbers: [Condition: Int] = [.always: 0, .never: 1]
    private(set) var keywords: [Keyword] = []
    /// The values of the conditions that only a few scalars follow, and these conditions by their values.
    private var scalars: [Int: [Scalar]] = [:]
    private var scalarNumbers: [Set<Scalar>: Int] = [:]

    subscript(number: Int) -> Condition { conditions[number] }

    mutating func add(_ condition: Condition) throws(JSONSchemaError) -> Int {
        if let known = numbers[condition] { return known }
        guard conditions.count < GrammarLimits.expressions else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "", expected: "at most \(GrammarLimits.expressions) conditions",
                found: "more")
        }
        numbers[condition] = conditions.count
        conditions.append(condition)
        return conditions.count - 1
    }

    mutating func add(_ keyword: Keyword) throws(JSONSchemaError) -> Int {
        if case .values(let set) = keyword, let values = set.scalars { return try add(values) }
        keywords.append(keyword)
        return try add(.keyword(keywords.count - 1))
    }

    /// The condition that a value is one of these.
    mutating func add(_ values: [Scalar]) throws(JSONSchemaError) -> Int {
        guard !values.isEmpty else { return Self.never }
        let key = Set(values)
        if let known = scalarNumbers[key] { return known }
        keywords.append(.values(ValueSet(values)))
        let number = try add(.keyword(keywords.count - 1))
        scalarNumbers[key] = number
        scalars[number] = values
        return number
    }

    /// Whether only a few scalars follow a condition.
    func isFinite(_ number: Int) -> Bool { scalars[number] != nil }

    /// Whether a scalar follows a condition; nil where that is not seen at once.
    private func holds(_ scalar: Scalar, _ number: Int) -> Bool? {
        switch self[number] {
        case .not(let part): return holds(scalar, part).map { !$0 }
        case .keyword(let keyword):
            switch keywords[keyword] {
            case .values(let set): return set.contains(scalar)
            case .numbers(let set):
                if case .number(let number) = scalar { return set.contains(number) }
                return true
            case .strings(let set):
                if case .string(let string) = scalar { return set.contains(string) }
                return true
            default: return true
            }
        default: return nil
        }
    }

    /// Leaves out the scalars of one part that do not follow another, and the parts that say no more.
    private mutating func simplified(_ parts: [Int]) throws(JSONSchemaError) -> [Int] {
        guard parts.count > 1, let finite = parts.first(where: isFinite), var values = scalars[finite] else {
            return parts
        }
        var rest: [Int] = []
        for part in parts where part != finite {
            let verdicts = values.map { holds($0, part) }
            if verdicts.contains(nil) { rest.append(part) }
            values = zip(values, verdicts).filter { $1 ?? true }.map(\.0)
        }
        return [try add(values)] + rest
    }

    mutating func all(_ parts: [Int]) throws(JSONSchemaError) -> Int {
        var flat: [Int] = []
        var seen: Set<Int> = []
        for part in parts {
            let members: [Int]
            if case .all(let inner) = self[part] { members = inner } else { members = [part] }
            for member in members where member != Self.always && seen.insert(member).inserted {
                if member == Self.never { return Self.never }
                flat.append(member)
            }
        }
        flat = try simplified(flat)
        if flat.contains(Self.never) { return Self.never }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? Self.always : try add(.all(flat))
    }

    mutating func any(_ parts: [Int]) throws(JSONSchemaError) -> Int {
        var flat: [Int] = []
        var seen: Set<Int> = []
        for part in parts where part != Self.never && seen.insert(part).inserted {
            if part == Self.always { return Self.always }
            flat.append(part)
        }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? Self.never : try add(.any(flat))
    }

    mutating func not(_ part: Int) throws(JSONSchemaError) -> Int {
        switch self[part] {
        case .always: Self.never
        case .never: Self.always
        case .not(let inner): inner
        default: try add(.not(part))
        }
    }
}

/// The meaning of one keyword, or of several that are read together. Values of other types follow it.
enum Keyword {
    /// Of `type`, `enum` and `const`: no other values follow it, of whatever type.
    case values(ValueSet)
    case numbers(NumberSet)
    case strings(StringSet)
    /// Each of the first items, and all items behind them.
    case items([Int], rest: Int?)
    case itemCount(min: Int, max: Int?)
    case counted(ArraySet.Count)
    case unique(JSONValue)
    case members([ObjectSet.Member])
    case required([ExactString])
    /// Members that others do not name.
    case others(ObjectSet.NameClass, Int)
    /// The names of all members.
    case names(Int)
    case memberCount(min: Int, max: Int?)
}
