/// Text from a file, a schema, a template or a request, compared by its Unicode scalars.
///
/// `String` compares by canonical equivalence: é as U+00E9 equals e followed by U+0301, and the Kelvin sign
/// equals K. JSON (RFC 8259, section 8.3), JSON Schema, tokenizers and templates tell such texts apart. A
/// name or a token from outside is therefore compared, hashed and ordered as an `ExactString`, never as a
/// `String`.
package struct ExactString: Sendable {
    /// The text as a `String`, to be shown or taken apart.
    package let string: String

    package init(_ string: String) { self.string = string }

    package init(_ string: Substring) { self.string = String(string) }

    package var isEmpty: Bool { string.isEmpty }
    package var utf8: String.UTF8View { string.utf8 }
    package var unicodeScalars: String.UnicodeScalarView { string.unicodeScalars }
}

extension ExactString: Hashable {
    /// UTF-8 is a one-to-one code of scalars, so equal bytes are equal scalars.
    package static func == (left: Self, right: Self) -> Bool {
        left.string.utf8.count == right.string.utf8.count && left.string.utf8.elementsEqual(right.string.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8(0xFF))
    }
}

extension ExactString: Comparable {
    /// The order of UTF-8's bytes is that of scalars.
    package static func < (left: Self, right: Self) -> Bool {
        left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
    }
}

extension ExactString: ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible {
    package init(stringLiteral value: String) { self.init(value) }

    package var description: String { string }
    package var debugDescription: String { string.debugDescription }
}

extension ExactString: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(string)
    }
}

/// Dictionaries keyed by exact strings are coded as objects.
extension ExactString: CodingKeyRepresentable {
    package var codingKey: any CodingKey { JSONPathKey(stringValue: string) }

    package init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}
