/// Why a JSON text was refused, and where.
package struct JSONError: Error, Hashable, Sendable {
    /// The kind of fault.
    package enum Problem: Hashable, Sendable {
        /// The text does not follow the grammar of RFC 8259.
        case syntax
        /// Arrays and objects lie too deep inside each other.
        case depth
        /// An object names the same member twice.
        case duplicateKey
        /// A string is not valid Unicode (bad UTF-8, half a surrogate pair), or piles up marks.
        case encoding
        /// A number is outside what its place can hold.
        case number
        /// The text is longer than its index can say.
        case length
    }

    package let problem: Problem
    /// The place in the text, in bytes from its start.
    package let offset: Int
    package let expected: String
    package let found: String

    /// The fault without its place.
    package var reason: String { "expected \(expected), found \(found)" }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "byte \(offset): \(reason)" }
}
