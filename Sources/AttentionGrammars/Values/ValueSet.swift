/// A set of JSON values, taken apart by their types: for each type a union of simple sets.
struct ValueSet {
    struct Types: OptionSet, Hashable {
        let rawValue: Int
        static let null = Types(rawValue: 1)
        static let `true` = Types(rawValue: 2)
        static let `false` = Types(rawValue: 4)
        static let number = Types(rawValue: 8)
        static let string = Types(rawValue: 16)
        static let array = Types(rawValue: 32)
        static let object = Types(rawValue: 64)
        /// Those of one value each.
        static let single: Types = [.null, .true, .false]
        static let all = Types(rawValue: 127)
    }

    /// The values null, true and false that are in the set.
    var singles: Types = []
    var numbers: [NumberSet] = []
    var strings: [StringSet] = []
    var arrays: [ArraySet] = []
    var objects: [ObjectSet] = []

    /// The types that keywords are about where none says which types there may be, and whether one does. A
    /// schema with `minLength` alone means strings, though by the letter it says nothing about other types.
    var implied: Types = []
    var saysTypes = false

    static let none = ValueSet()
    static let all = ValueSet(
        singles: .single, numbers: [.all], strings: [.all], arrays: [.all], objects: [.all])

    /// The types of its values, as far as it is seen at once.
    var types: Types {
        var types = singles
        if !numbers.isEmpty { types.insert(.number) }
        if !strings.isEmpty { types.insert(.string) }
        if !arrays.isEmpty { types.insert(.array) }
        if !objects.isEmpty { types.insert(.object) }
        return types
    }

    /// The values of these types.
    func restricted(to types: Types) -> ValueSet {
        ValueSet(
            singles: singles.intersection(types), numbers: types.contains(.number) ? numbers : [],
            strings: types.contains(.string) ? strings : [], arrays: types.contains(.array) ? arrays : [],
            objects: types.contains(.object) ? objects : [], saysTypes: saysTypes)
    }

    /// The set as it is meant: with the types that its keywords imply.
    var asMeant: ValueSet {
        guard !saysTypes, !implied.isEmpty else { return self }
        var meant = restricted(to: implied)
        meant.saysTypes = true
        return meant
    }

    // MARK: Combinations

    mutating func formUnion(_ other: ValueSet) throws(JSONSchemaError) {
        singles.formUnion(other.singles)
        numbers += other.numbers
        strings += other.strings
        arrays += other.arrays
        objects += other.objects
        try checkSize()
    }

    private func checkSize() throws(JSONSchemaError) {
        let most = Swift.max(numbers.count, strings.count, arrays.count, objects.count)
        guard most <= GrammarLimits.alternatives else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "",
                expected: "at most \(GrammarLimits.alternatives) combinations of alternatives",
                found: "more")
        }
    }

    mutating func formIntersection(
        _ other: ValueSet, _ conditions: inout ConditionTable
    ) throws(JSONSchemaError) {
        singles.formIntersection(other.singles)
        implied.formUnion(other.implied)
        saysTypes = saysTypes || other.saysTypes
        try Self.intersect(&numbers, other.numbers, \.isPlainlyEmpty) { one, other throws(JSONSchemaError) in
            one.formIntersection(other)
        }
        try Self.intersect(&strings, other.strings, \.isPlainlyEmpty) { one, other throws(JSONSchemaError) in
            one.formIntersection(other)
        }
        try Self.intersect(&arrays, other.arrays, \.isPlainlyEmpty) { one, other throws(JSONSchemaError) in
            try one.formIntersection(other, &conditions)
        }
        try Self.intersect(&objects, other.objects, \.isPlainlyEmpty) { one, other throws(JSONSchemaError) in
            try one.formIntersection(other, &conditions)
        }
        try checkSize()
    }

    private static func intersect<Element>(
        _ first: inout [Element], _ second: [Element], _ isEmpty: (Element) -> Bool,
        _ combine: (inout Element, Element) throws(JSONSchemaError) -> Void
    ) throws(JSONSchemaError) {
        if second.count == 1 {
            // In place, so that nothing large is copied.
            for index in first.indices { try combine(&first[index], second[0]) }
            return first.removeAll(where: isEmpty)
        }
        var all: [Element] = []
        for one in first {
            for other in second {
                var both = one
                try combine(&both, other)
                if !isEmpty(both) { all.append(both) }
                guard all.count <= 2 * GrammarLimits.alternatives else { break }
            }
        }
        first = all
    }

    /// The values that are not in the set, of a set whose arrays and objects are all or none.
    var complement: ValueSet {
        var result = ValueSet(singles: .single.subtracting(singles))
        result.numbers = numbers.reduce([NumberSet.all]) { sets, next in
            sets.flatMap { set in
                next.complement.map { other in
                    var both = set
                    both.formIntersection(other)
                    return both
                }
            }
        }
        result.strings = strings.reduce([StringSet.all]) { sets, next in
            sets.flatMap { set in
                next.complement.map { other in
                    var both = set
                    both.formIntersection(other)
                    return both
                }
            }
        }
        result.arrays = arrays.isEmpty ? [.all] : []
        result.objects = objects.isEmpty ? [.all] : []
        return result
    }
}
