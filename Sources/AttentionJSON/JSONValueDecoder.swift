/// Decodes a `Decodable` type out of a ``JSONValue``.
///
/// Foundation's decoder reports some faults, such as 1.5 for an integer, as those of the whole text; this
/// one always says which member is at fault. Members whose names come from outside are decoded as
/// `[ExactString: Value]`: a dictionary keyed by `String` would keep one of two names that are canonically
/// equal.
package struct JSONValueDecoder: Decoder {
    let value: JSONValue
    package let codingPath: [any CodingKey]
    package let userInfo: [CodingUserInfoKey: Any] = [:]

    package static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws -> T {
        try T(from: JSONValueDecoder(value: value, codingPath: []))
    }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = value.members else { throw mismatch([String: Any].self) }
        let byName = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        return KeyedDecodingContainer(JSONObjectContainer<Key>(members: byName, codingPath: codingPath))
    }

    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = value.elements else { throw mismatch([Any].self) }
        return JSONArrayContainer(elements: elements, codingPath: codingPath)
    }

    package func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private func mismatch(_ type: Any.Type) -> DecodingError {
        let context = DecodingError.Context(codingPath: codingPath, debugDescription: "found \(value)")
        return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
    package func decodeNil() -> Bool { value.isNull }

    package func decode(_ type: Bool.Type) throws -> Bool {
        guard let flag = value.boolValue else { throw mismatch(type) }
        return flag
    }

    package func decode(_ type: String.Type) throws -> String {
        guard let text = value.stringValue else { throw mismatch(type) }
        return text
    }

    package func decode(_ type: Double.Type) throws -> Double {
        guard let number = value.doubleValue else { throw value.isNumber ? tooLarge(type) : mismatch(type) }
        return number
    }

    package func decode(_ type: Float.Type) throws -> Float {
        let number = Float(try decode(Double.self))
        guard number.isFinite else { throw tooLarge(type) }
        return number
    }

    private func tooLarge(_ type: Any.Type) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: "a number that a \(type) can hold"))
    }

    package func decode(_ type: Int.Type) throws -> Int { try integer() }
    package func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    package func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    package func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    package func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    package func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    package func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    package func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    package func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    package func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    package func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }

    /// An integer that fits exactly; 12.0 is one, 12.5 and 300 as `UInt8` are not.
    private func integer<T: FixedWidthInteger>() throws -> T {
        let exact = value.integerValue.map { T(exactly: $0) } ?? value.doubleValue.flatMap { T(exactly: $0) }
        guard let exact else { throw mismatch(T.self) }
        return exact
    }
}

/// A place in an array, or a name, on the way to a value.
struct JSONPathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}
