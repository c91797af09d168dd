/// Why a JSON text was refused, and where.
public struct JSONError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Problem: Hashable, Sendable {
        /// The text does not follow the grammar of RFC 8259.
        case syntax
        /// Arrays and objects lie too deep inside each other.
        case depth
        /// An object names the same member twice.
        case duplicateKey
        /// A string is not valid Unicode: bad UTF-8 or half a surrogate pair.
        case encoding
        /// A number is outside what its place can hold.
        case number
    }

    public let problem: Problem
    /// The place in the text, in bytes from its start.
    public let offset: Int
    public let expected: String
    public let found: String
}

extension JSONError: CustomStringConvertible {
    public var description: String { "byte \(offset): expected \(expected), found \(found)" }
}
