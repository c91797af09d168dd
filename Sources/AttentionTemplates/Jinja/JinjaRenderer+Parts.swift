import AttentionJSON

/// Parts of values: attributes and methods, items, slices.
extension JinjaRenderer {
    private static let stringMethods: Set<ExactString> = [
        "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace",
        "upper", "lower", "title", "capitalize", "swapcase", "casefold", "count", "find", "rfind", "index",
        "rindex", "join", "format", "format_map", "isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum",
        "isspace", "isupper", "islower", "istitle", "isascii", "isprintable", "isidentifier", "zfill",
        "center",
        "ljust", "rjust", "removeprefix", "removesuffix", "partition", "rpartition", "encode", "expandtabs",
        "maketrans", "translate",
    ]
    private static let listMethods: Set<ExactString> = ["index", "count", "copy"]
    private static let listChanges: Set<ExactString> = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]
    private static let dictionaryMethods: Set<ExactString> = [
        "get", "items", "keys", "values", "copy", "fromkeys",
    ]
    private static let dictionaryChanges: Set<ExactString> = [
        "clear", "pop", "popitem", "setdefault", "update",
    ]

    /// A value's own attribute or method; nil if it has none of this name.
    private func ownAttribute(_ name: ExactString, of value: JinjaValue) -> JinjaValue? {
        var (methods, changes): (Set<ExactString>, Set<ExactString>) = ([], [])
        switch value {
        case .string: methods = Self.stringMethods
        case .list: (methods, changes) = (Self.listMethods, Self.listChanges)
        case .tuple: methods = ["index", "count"]
        case .dictionary: (methods, changes) = (Self.dictionaryMethods, Self.dictionaryChanges)
        case .float: methods = ["is_integer"]
        case .namespace(let number):
            return namespaces[number].first { $0.name == name }?.value
        case .loop(let id): return loopAttribute(name, of: id)
        case .macro(let number) where name == "name": return .string(macros[number].definition.name.string)
        default: break
        }
        if methods.contains(name) { return .method(value, name) }
        guard
            changes.contains(name) || (name.hasPrefix("__") && name.hasSuffix("__"))
        else {
            return nil
        }
        return .undefined(
            .other("access to attribute '\(name)' of '\(value.typeName)' object is unsafe."))
    }

    /// `value.name`: an attribute or method, else an item.
    func attribute(_ name: ExactString, of value: JinjaValue) throws(JinjaFault) -> JinjaValue {
        if case .undefined(let undefined) = value { throw .failed(undefined.message) }
        if let own = ownAttribute(name, of: value) { return own }
        if case .dictionary(let dictionary) = value, let item = dictionary[name] { return item }
        return .undefined(.attribute(name, of: value.typeName))
    }

    /// `value[index]`: an item, else an attribute or method.
    func item(_ index: JinjaValue, of value: JinjaValue) throws(JinjaFault) -> JinjaValue {
        switch value {
        case .undefined(let undefined): throw .failed(undefined.message)
        case .dictionary(let dictionary):
            try charge(units: index.text?.count ?? 0)
            if let item = dictionary[index] { return item }
        case .list(let sequence), .tuple(let sequence):
            if let item = element(index, of: sequence.items) { return item }
        case .string(let text):
            if let unit = element(index, of: text.units) { return .string(text.with([unit])) }
        default: break
        }
        guard case .string(let text) = index else {
            return .undefined(.other("'\(value.typeName)' object has no such element"))
        }
        let name = text.name
        return ownAttribute(name, of: value) ?? .undefined(.attribute(name, of: value.typeName))
    }

    private func element<Element>(_ index: JinjaValue, of items: [Element]) -> Element? {
        guard let index = index.integer else { return nil }
        let place = index < 0 ? index + items.count : index
        return items.indices.contains(place) ? items[place] : nil
    }

    func slice(
        _ base: JinjaExpression, _ bounds: JinjaExpression.Bounds
    ) throws(JinjaFault) -> JinjaValue {
        let value = try evaluate(base)
        let start = try bound(bounds.start)
        let stop = try bound(bounds.stop)
        let step = try bound(bounds.step) ?? 1
        guard step != 0 else { throw .failed("slice step cannot be zero") }
        func indices(_ count: Int) -> [Int] {
            func clamped(_ index: Int) -> Int {
                let place = index < 0 ? index + count : index
                return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
            }
            let first = start.map(clamped) ?? (step > 0 ? 0 : count - 1)
            let last = stop.map(clamped) ?? (step > 0 ? count : -1)
            // A step beyond the length would leave the first item alone, and could overflow.
            return Array(stride(from: first, to: last, by: min(max(step, -count - 1), count + 1)))
        }
        switch value {
        case .string(let text):
            try charge(units: text.count)
            return try string(text.with(indices(text.count).map { text.units[$0] }))
        case .list(let sequence):
            try charge(sequence.items.count)
            return .list(.init(indices(sequence.items.count).map { sequence.items[$0] }, of: sequence))
        case .tuple(let sequence):
            try charge(sequence.items.count)
            return .tuple(.init(indices(sequence.items.count).map { sequence.items[$0] }, of: sequence))
        case .undefined(let undefined): throw .failed(undefined.message)
        default: throw .failed("'\(value.typeName)' object is not subscriptable")
        }
    }

    /// A slice's bound, not so large that arithmetic with it could overflow.
    private func bound(_ expression: JinjaExpression?) throws(JinjaFault) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if value.isNone { return nil }
        guard let whole = value.wholeNumber else {
            throw .failed("slice indices must be integers or None, not '\(value.typeName)'")
        }
        let limit = 1 << 40
        guard let integer = whole.int else { return whole < LargeInteger(0) ? -limit : limit }
        return min(max(integer, -limit), limit)
    }

    /// The items of a value, paid for.
    func items(of value: JinjaValue) throws(JinjaFault) -> [JinjaValue] {
        switch value {
        case .list(let sequence), .tuple(let sequence):
            try charge(sequence.items.count / 4)
            return sequence.items
        case .dictionary(let dictionary):
            try charge(dictionary.keys.count / 4)
            return dictionary.keys
        case .string(let text):
            try charge(2 * text.count)
            return text.units.map { .string(text.with([$0])) }
        case .undefined: return []
        case .iterator(let number):
            let items = Array(iterators[number])
            iterators[number] = []
            return items
        default: throw .failed("'\(value.typeName)' object is not iterable")
        }
    }

    /// Items that can be gone through once.
    func iterator(_ items: [JinjaValue]) throws(JinjaFault) -> JinjaValue {
        try charge(2 * items.count + 1)
        _ = try JinjaSequence.depth(of: items)
        iterators.append(items[...])
        return .iterator(iterators.count - 1)
    }

    func count(of value: JinjaValue) throws(JinjaFault) -> Int {
        switch value {
        case .string(let text): return text.count
        case .list(let sequence), .tuple(let sequence): return sequence.items.count
        case .dictionary(let dictionary): return dictionary.keys.count
        case .undefined: return 0
        case .loop(let id): return loops.last { $0.id == id }?.items.count ?? 0
        default: throw .failed("object of type '\(value.typeName)' has no len()")
        }
    }

    // MARK: Loops

    private func loopAttribute(_ name: ExactString, of id: Int) -> JinjaValue? {
        guard let loop = loops.last(where: { $0.id == id }) else { return nil }
        let (index, count) = (loop.index, loop.items.count)
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "first": return .bool(index == 0)
        case "last": return .bool(index == count - 1)
        case "length": return .integer(count)
        case "depth": return .integer(loop.depth + 1)
        case "depth0": return .integer(loop.depth)
        case "previtem":
            return index > 0 ? loop.items[index - 1] : .undefined(.other("there is no previous item"))
        case "nextitem":
            return index + 1 < count ? loop.items[index + 1] : .undefined(.other("there is no next item"))
        case "cycle", "changed": return .method(.loop(id), name)
        default: return nil
        }
    }
}
