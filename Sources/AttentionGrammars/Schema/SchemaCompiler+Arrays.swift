import AttentionJSON

extension SchemaCompiler {
    mutating func array(_ set: ArraySet) throws -> Int {
        var set = set
        if let source = set.repeating {
            return try repeating(set, source)
        }
        let isClosed =
            !writesAll && !set.saysRest && !set.prefix.isEmpty && set.minCount <= set.prefix.count
            && set.counts.isEmpty
        if isClosed { set.rest = ConditionTable.never }
        // Nothing stands where nothing can, and nothing behind it.
        let impossible =
            set.prefix.firstIndex { $0 == ConditionTable.never }
            ?? (set.rest == ConditionTable.never ? set.prefix.count : nil)
        if let impossible { set.maxCount = Swift.min(set.maxCount ?? impossible, impossible) }
        if let most = set.maxCount {
            if most < set.minCount { return try builder.table.never() }
            if most < set.prefix.count { set.prefix.removeLast(set.prefix.count - most) }
        }
        if let source = set.unique, set.maxCount ?? .max > 1 { return try unique(set, source) }
        if !set.counts.isEmpty { return try counted(set) }
        var prefix: [Int] = []
        for condition in set.prefix { prefix.append(try expression(condition)) }
        let rest = set.maxCount == prefix.count ? nil : try expression(set.rest)
        return try builder.array(prefix, rest: rest, set.minCount, set.maxCount)
    }

    // MARK: Counting

    /// How many items there are, and how many of them follow each of the conditions that are counted.
    private struct Place: Hashable {
        var index: Int
        var counts: [Int]
    }

    private static let greatestCounts = 4

    /// An array of whose items so many follow conditions.
    private mutating func counted(_ set: ArraySet) throws -> Int {
        guard set.counts.count <= Self.greatestCounts else {
            throw tooMany(Self.greatestCounts, "conditions that items are counted by", set.counts[0].source)
        }
        // From this number of items on they are all alike; the first has no comma before it.
        let last =
            set.maxCount
            ?? Swift.max(1, set.prefix.count, set.minCount, set.counts.map(\.start).max() ?? 0)
        var graph = GraphBuilder(start: Place(index: 0, counts: set.counts.map { _ in 0 }))
        while let (number, place) = graph.next() {
            graph.states[number].isAccepting =
                place.index >= set.minCount && zip(place.counts, set.counts).allSatisfy { $0 >= $1.min }
            guard place.index < set.maxCount ?? .max else { continue }
            for (condition, counts) in try choices(at: place, set) {
                let item = try expression(condition)
                guard
                    graph.add(
                        Place(index: Swift.min(place.index + 1, last), counts: counts),
                        from: number, try builder.item(item, isFirst: place.index == 0))
                else { throw tooMany(GrammarLimits.graphStates, "counts of items", set.counts[0].source) }
            }
        }
        return try builder.array(graph)
    }

    /// The conditions that the next item may follow, with the counts behind it.
    private mutating func choices(
        at place: Place, _ set: ArraySet
    ) throws(JSONSchemaError) -> [(condition: Int, counts: [Int])] {
        var choices = [(condition: set.condition(at: place.index), counts: place.counts)]
        for (index, count) in set.counts.enumerated() where place.index >= count.start {
            var next: [(condition: Int, counts: [Int])] = []
            for (condition, counts) in choices {
                // Enough are enough.
                if counts[index] < count.max ?? count.min {
                    var more = counts
                    more[index] += 1
                    next.append((try reader.conditions.all([condition, count.condition]), more))
                }
                // Where there is no most, one that counts need not be counted.
                let other =
                    count.max == nil
                    ? condition
                    : try reader.conditions.all([condition, reader.conditions.not(count.condition)])
                next.append((other, counts))
            }
            choices = next.filter { $0.condition != ConditionTable.never }
        }
        return choices
    }

    // MARK: Unique items

    private static let greatestUniverse = 64
    /// With more values, they are written in the order of the schema.
    private static let greatestUnorderedUniverse = 12

    /// The values that follow a condition; nil where they are not counted out.
    private mutating func scalars(_ condition: Int) throws(JSONSchemaError) -> [Scalar]? {
        var set = try reader.values(condition, writesAll ? .exact : .meant)
        if !writesAll { set = set.asMeant }
        return set.scalars
    }

    private mutating func text(_ scalar: Scalar) throws(GrammarError) -> Int {
        switch scalar {
        case .null: try builder.table.text("null")
        case .true: try builder.table.text("true")
        case .false: try builder.table.text("false")
        case .number(let number): try builder.table.text(number.literal)
        case .string(let string): try builder.table.text(jsonString(string.string))
        }
    }

    /// Arrays no two of whose items are equal: which values have been written is a state.
    private mutating func unique(_ set: ArraySet, _ source: JSONValue) throws -> Int {
        var universe: [Scalar] = []
        var numbers: [Scalar: Int] = [:]
        var allowed: [[Int]] = []
        for condition in set.prefix + (set.maxCount == set.prefix.count ? [] : [set.rest]) {
            guard let values = try scalars(condition), set.counts.isEmpty else {
                throw reader.unsupported(
                    source, "'uniqueItems' only for items of an 'enum', and beside no 'contains'")
            }
            for value in values where numbers[value] == nil {
                numbers[value] = universe.count
                universe.append(value)
            }
            allowed.append(values.compactMap { numbers[$0] })
        }
        guard universe.count <= Self.greatestUniverse else {
            throw tooMany(Self.greatestUniverse, "values that items may be", source)
        }
        var texts: [Int] = []
        for value in universe { texts.append(try text(value)) }
        if universe.count > Self.greatestUnorderedUniverse, set.prefix.isEmpty, !writesAll {
            var items: [ListItem] = []
            for text in texts { items.append(ListItem(expression: text, isRequired: false)) }
            return try builder.array(inOrder: items, min: set.minCount, max: set.maxCount)
        }
        var graph = GraphBuilder(start: UInt64(0))
        while let (number, written) = graph.next() {
            let count = written.nonzeroBitCount
            graph.states[number].isAccepting = count >= set.minCount
            guard count < set.maxCount ?? .max, let values = allowed[safe: count] ?? allowed.last else {
                continue
            }
            for value in values where written & (1 << UInt64(value)) == 0 {
                guard
                    graph.add(
                        written | 1 << UInt64(value), from: number,
                        try builder.item(texts[value], isFirst: count == 0))
                else { throw tooMany(GrammarLimits.graphStates, "sets of items", source) }
            }
        }
        return try builder.array(graph)
    }

    /// Arrays two of whose items are equal.
    private mutating func repeating(_ set: ArraySet, _ source: JSONValue) throws -> Int {
        var universe: Set<Scalar> = []
        for condition in set.prefix + [set.rest] where condition != ConditionTable.never {
            guard let values = try scalars(condition), set.unique == nil else {
                throw reader.unsupported(source, "'uniqueItems' within 'not' only for items of an 'enum'")
            }
            universe.formUnion(values)
        }
        guard universe.count <= Self.greatestUniverse else {
            throw tooMany(Self.greatestUniverse, "values that items may be", source)
        }
        var choices: [Int] = []
        for value in universe {
            var other = set
            other.repeating = nil
            other.counts.append(
                .init(start: 0, condition: try reader.conditions.add([value]), min: 2, source: source))
            choices.append(try array(other))
        }
        return try builder.table.choice(choices)
    }

    func tooMany(_ limit: Int, _ what: String, _ source: JSONValue?) -> JSONSchemaError {
        JSONSchemaError(
            problem: .tooLarge, path: source?.path ?? "", expected: "at most \(limit) \(what)", found: "more")
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

/// An ``ExpressionGraph`` that is explored from its first state.
struct GraphBuilder<Key: Hashable> {
    var states: [ExpressionGraph.State] = []
    private var keys: [Key]
    private var numbers: [Key: Int]
    private var explored = 0

    init(start: Key) {
        keys = [start]
        numbers = [start: 0]
        states = [.init()]
    }

    /// A state that has no edges yet.
    mutating func next() -> (number: Int, key: Key)? {
        guard explored < keys.count else { return nil }
        explored += 1
        return (explored - 1, keys[explored - 1])
    }

    /// Adds an edge.
    ///
    /// - Returns: false where the graph would become too large.
    mutating func add(_ key: Key, from state: Int, _ expression: Int) -> Bool {
        let target = numbers[key] ?? keys.count
        if target == keys.count {
            guard keys.count < GrammarLimits.graphStates else { return false }
            numbers[key] = target
            keys.append(key)
            states.append(.init())
        }
        states[state].edges.append(.init(expression: expression, target: target))
        return true
    }

    var graph: ExpressionGraph { ExpressionGraph(states: states) }
}
