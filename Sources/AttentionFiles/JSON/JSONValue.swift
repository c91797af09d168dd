/// A whole JSON text as a tree, for small files. Members keep the order that they have in the text.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: JSONValue
    }

    /// - Throws: ``JSONError`` unless `bytes` are exactly one value.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try scanner.value()
        try scanner.finish()
    }

    /// The member `key` of an object; nil if there is none or this is no object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The element `index` of an array; nil if there is none or this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension JSONValue: CustomStringConvertible {
    /// A short description for error messages.
    package var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "the string \(quoted(value))"
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object of \(members.count) members"
        }
    }
}

extension JSONScanner {
    /// The next value, whatever it is.
    package mutating func value() throws(JSONError) -> JSONValue {
        switch peek().map({ Unicode.Scalar($0) }) {
        case "{":
            var members = try openObject()
            var read: [JSONValue.Member] = []
            while let key = try nextKey(of: &members) { read.append(.init(key: key, value: try value())) }
            return .object(read)
        case "[":
            var elements = try openArray()
            var read: [JSONValue] = []
            while try nextElement(of: &elements) { read.append(try value()) }
            return .array(read)
        case "\"": return .string(try string())
        case "t":
            try literal("true")
            return .bool(true)
        case "f":
            try literal("false")
            return .bool(false)
        case "n":
            try literal("null")
            return .null
        case "-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9": return try number()
        default: throw unexpected("a value")
        }
    }
}
