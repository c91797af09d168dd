/// A value of the templates' language, which is Python's in small. Values do not change; what does,
/// namespaces and loops, belongs to the renderer, and a value only names it.
enum JinjaValue: Sendable {
    case undefined(Undefined)
    case null
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(JinjaText)
    case list(JinjaSequence)
    case tuple(JinjaSequence)
    case dictionary(JinjaDictionary)
    /// What filters such as `map` give: it can be gone through once.
    case iterator(Int)
    case namespace(Int)
    case macro(Int)
    case loop(Int)
    /// A function that templates are given, such as `range`.
    case function(String)
    /// A method together with the value that it belongs to.
    indirect case method(JinjaValue, String)

    /// Why there is no value.
    enum Undefined: Sendable {
        case name(String)
        case attribute(String, of: String)
        case other(String)

        var message: String {
            switch self {
            case .name(let name): "'\(name)' is undefined"
            case .attribute(let name, let type): "'\(type)' has no attribute '\(name)'"
            case .other(let message): message
            }
        }
    }

    static func string(_ text: String) -> JinjaValue { .string(JinjaText(text)) }

    /// The name of the type in Python, for messages.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .null: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float"
        case .string(let text): text.isMarkup ? "Markup" : "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .iterator: "generator"
        case .namespace: "namespace"
        case .macro: "macro"
        case .loop: "loop"
        case .function, .method: "function"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let sequence), .tuple(let sequence): !sequence.items.isEmpty
        case .dictionary(let dictionary): !dictionary.keys.isEmpty
        default: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNone: Bool { if case .null = self { true } else { false } }

    var text: JinjaText? { if case .string(let text) = self { text } else { nil } }

    /// A whole number; True and False are 1 and 0.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var number: Double? {
        if case .float(let value) = self { return value }
        return integer.map(Double.init)
    }

    /// How many containers lie in each other.
    var depth: Int {
        switch self {
        case .list(let sequence), .tuple(let sequence): sequence.depth
        case .dictionary(let dictionary): dictionary.depth
        case .method(let receiver, _): receiver.depth
        default: 0
        }
    }

    /// Whether two values that are no containers are equal: 1, 1.0 and True are.
    func scalarEquals(_ other: JinjaValue) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): return a == b
        case (.null, .null), (.undefined, .undefined): return true
        case (.iterator(let a), .iterator(let b)), (.namespace(let a), .namespace(let b)),
            (.macro(let a), .macro(let b)), (.loop(let a), .loop(let b)):
            return a == b
        case (.function(let a), .function(let b)): return a == b
        default:
            if let a = integer, let b = other.integer { return a == b }
            if let a = number, let b = other.number { return a == b }
            return false
        }
    }
}

/// The items of a list or tuple.
struct JinjaSequence: Sendable {
    let items: [JinjaValue]
    let depth: Int

    /// Containers in each other at most. What walks through values can rely on it, their release too.
    static let greatestDepth = 100

    init(_ items: [JinjaValue]) throws(JinjaFault) {
        self.items = items
        depth = try Self.depth(of: items)
    }

    /// Part of another sequence.
    init(_ items: [JinjaValue], of other: JinjaSequence) { (self.items, depth) = (items, other.depth) }

    /// Strings, or other values without depth.
    init(flat items: [JinjaValue]) { (self.items, depth) = (items, 1) }

    static func depth(of items: [JinjaValue]) throws(JinjaFault) -> Int {
        let depth = (items.lazy.map(\.depth).max() ?? 0) + 1
        guard depth <= greatestDepth else { throw tooDeep }
        return depth
    }

    static var tooDeep: JinjaFault {
        JinjaFault(.tooCostly, "more than \(greatestDepth) lists or dictionaries in each other")
    }
}

/// A dictionary in the order in which its keys came.
struct JinjaDictionary: Sendable {
    private(set) var keys: [JinjaValue] = []
    private(set) var values: [JinjaValue] = []
    private(set) var depth = 1
    /// Where a key is; only for more than a handful of keys.
    private var places: [Key: Int]?

    /// A key by what makes keys equal.
    enum Key: Hashable {
        case null
        case string(JinjaText)
        case integer(Int)
        case float(Double)

        /// nil for what cannot be a key.
        init?(_ value: JinjaValue) {
            switch value {
            case .null: self = .null
            case .string(let text): self = .string(text)
            case .float(let value): self = Int(exactly: value).map(Key.integer) ?? .float(value)
            default:
                guard let integer = value.integer else { return nil }
                self = .integer(integer)
            }
        }
    }

    init() {}

    subscript(key: JinjaValue) -> JinjaValue? { place(of: key).map { values[$0] } }
    subscript(name: String) -> JinjaValue? { self[.string(name)] }

    private func place(of key: JinjaValue) -> Int? {
        if let places { return Key(key).flatMap { places[$0] } }
        return keys.firstIndex { $0.scalarEquals(key) }
    }

    /// Sets a value; a new key goes to the end.
    ///
    /// - Throws: for what cannot be a key, and for too deep a value.
    mutating func set(_ key: JinjaValue, _ value: JinjaValue) throws(JinjaFault) {
        guard let hashed = Key(key) else {
            if case .tuple = key { throw .unsupported("a tuple as a dictionary's key") }
            throw .failed("unhashable type: '\(key.typeName)'")
        }
        depth = max(depth, try JinjaSequence.depth(of: [value]))
        if let place = place(of: key) {
            values[place] = value
            return
        }
        keys.append(key)
        values.append(value)
        if places != nil {
            places?[hashed] = keys.count - 1
        } else if keys.count > 8 {
            places = [:]
            for (index, key) in keys.enumerated() { if let key = Key(key) { places?[key] = index } }
        }
    }

    /// Pairs of key and value.
    var items: [JinjaValue] {
        get throws(JinjaFault) {
            var items: [JinjaValue] = []
            for (key, value) in zip(keys, values) { items.append(.tuple(try JinjaSequence([key, value]))) }
            return items
        }
    }
}
