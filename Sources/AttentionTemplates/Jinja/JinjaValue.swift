import AttentionJSON

/// A value of the templates' language, which is a small Python. Values do not change. Namespaces and loops
/// do; they belong to the renderer, and a value holds their number.
enum JinjaValue: Sendable {
    case undefined(Undefined)
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits.
    case large(LargeInteger)
    case float(Double)
    case string(JinjaText)
    case list(JinjaSequence)
    case tuple(JinjaSequence)
    case dictionary(JinjaDictionary)
    /// The items that filters such as `map` give. They can be gone through once.
    case iterator(Int)
    case namespace(Int)
    case macro(Int)
    case loop(Int)
    /// A function that templates are given, such as `range`.
    case function(ExactString)
    /// A method together with the value that it belongs to.
    indirect case method(JinjaValue, ExactString)

    /// Why there is no value.
    enum Undefined: Sendable {
        case name(ExactString)
        case attribute(ExactString, of: String)
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
        case .integer, .large: "int"
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

    /// The value of a whole number.
    init(_ value: LargeInteger) { self = value.int.map(JinjaValue.integer) ?? .large(value) }

    /// A whole number of any size.
    var wholeNumber: LargeInteger? {
        if case .large(let value) = self { return value }
        return integer.map { LargeInteger($0) }
    }

    /// A number, rounded; infinite beyond the greatest.
    var number: Double? {
        switch self {
        case .float(let value): value
        case .large(let value): value.double
        default: integer.map(Double.init)
        }
    }

    /// The number of containers in each other.
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
            return order(beside: other) == .equal
        }
    }
}

extension JinjaValue {
    enum Order { case less, equal, greater, none }

    /// The exact order of two numbers, which is none beside NaN; nil where one of them is no number.
    func order(beside other: JinjaValue) -> Order? {
        guard let a = number, let b = other.number else { return nil }
        if a.isNaN || b.isNaN { return Order.none }
        guard let whole = wholeNumber, let otherWhole = other.wholeNumber else {
            return mixedOrder(a, other, b)
        }
        return whole < otherWhole ? .less : whole == otherWhole ? .equal : .greater
    }

    /// The order where at least one of the numbers is a floating-point number. Rounding a whole number may
    /// make it equal to one that it is not.
    private func mixedOrder(_ a: Double, _ other: JinjaValue, _ b: Double) -> Order {
        if a < b { return .less }
        if a > b { return .greater }
        if let whole = wholeNumber, let exact = LargeInteger(exactly: b) {
            return whole < exact ? .less : whole == exact ? .equal : .greater
        }
        if let whole = other.wholeNumber, let exact = LargeInteger(exactly: a) {
            return exact < whole ? .less : exact == whole ? .equal : .greater
        }
        // Beyond the greatest floating-point number, only an infinity is equal to an infinity.
        if wholeNumber != nil { return b > 0 ? .less : .greater }
        if other.wholeNumber != nil { return a > 0 ? .greater : .less }
        return .equal
    }
}

/// The items of a list or tuple.
struct JinjaSequence: Sendable {
    let items: [JinjaValue]
    let depth: Int

    /// The most containers in each other. Recursion over values relies on it, and so does their release.
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
    /// The places of the keys; only where there are more than a handful.
    private var places: [Key: Int]?

    /// A key in the form in which equal keys are the same.
    enum Key: Hashable {
        case null
        case string(JinjaText)
        case integer(Int)
        case large(LargeInteger)
        case float(Double)

        /// nil for a value that cannot be a key.
        init?(_ value: JinjaValue) {
            switch value {
            case .null: self = .null
            case .string(let text): self = .string(text)
            case .large(let value): self = .large(value)
            case .float(let value):
                self =
                    LargeInteger(exactly: value).map { whole in
                        whole.int.map(Key.integer) ?? .large(whole)
                    } ?? .float(value)
            default:
                guard let integer = value.integer else { return nil }
                self = .integer(integer)
            }
        }
    }

    init() {}

    subscript(key: JinjaValue) -> JinjaValue? { place(of: key).map { values[$0] } }
    subscript(name: ExactString) -> JinjaValue? { self[.string(name.string)] }

    private func place(of key: JinjaValue) -> Int? {
        if let places { return Key(key).flatMap { places[$0] } }
        return keys.firstIndex { $0.scalarEquals(key) }
    }

    /// Sets a value; a new key goes to the end.
    ///
    /// - Throws: for a value that cannot be a key, and for one that is nested too deep.
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
