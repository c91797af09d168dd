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

extension ExactString {
    package func hasPrefix(_ prefix: Self) -> Bool { utf8.starts(with: prefix.utf8) }

    package func hasSuffix(_ suffix: Self) -> Bool { utf8.reversed().starts(with: suffix.utf8.reversed()) }

    package func contains(_ part: Self) -> Bool { utf8.contains(part.utf8) }

    /// What follows the prefix; nil if the text does not begin with it.
    package func dropping(prefix: Self) -> String? {
        hasPrefix(prefix) ? String(unicodeScalars.dropFirst(prefix.unicodeScalars.count)) : nil
    }

    /// What stands before the suffix; nil if the text does not end in it.
    package func dropping(suffix: Self) -> String? {
        hasSuffix(suffix) ? String(unicodeScalars.dropLast(suffix.unicodeScalars.count)) : nil
    }

    /// The parts between separators. A mark that follows a separator belongs to the next part, where `String`
    /// would take both for one character.
    package func split(
        separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Self] {
        unicodeScalars.split(
            separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences
        ).map { Self(Substring($0)) }
    }
}

// MARK: - Texts that others keep as String

extension Sequence<String> {
    /// Whether one of the texts has the scalars of `text`.
    package func contains(exactly text: some StringProtocol) -> Bool {
        contains { $0.utf8.elementsEqual(text.utf8) }
    }

    /// The texts in the order of their scalars.
    package func sortedExactly() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}

extension RawRepresentable<String> where Self: CaseIterable {
    /// The case whose raw value has the scalars of `name`. The compiler's own `init(rawValue:)` compares as
    /// `String` does.
    package init?(exactly name: String) {
        guard let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) }) else {
            return nil
        }
        self = found
    }
}

extension Dictionary where Key == ExactString {
    /// A caller's dictionary, whose names are looked up by their scalars from here on.
    package init(_ texts: [String: Value]) {
        // exact-text: no name is looked up in the caller's dictionary.
        self.init(uniqueKeysWithValues: texts.lazy.map { (ExactString($0.key), $0.value) })
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
