/// Why a JSON Schema was refused, and where.
public struct JSONSchemaError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Problem: Hashable, Sendable {
        /// The text is not JSON.
        case invalidJSON
        /// A keyword has a value that makes no sense.
        case invalid
        /// The schema asks for something that is not implemented.
        case unsupported
        /// The schema exceeds a budget of ``GrammarLimits``.
        case tooLarge
        /// The schema has no value.
        case neverMatches
    }

    /// The kind of fault.
    public let problem: Problem
    /// The place in the schema, such as `properties.name.pattern`; empty for the whole schema.
    public let path: String
    /// What can stand there.
    public let expected: String
    /// What stands there.
    public let found: String
}

extension JSONSchemaError: CustomStringConvertible {
    public var description: String {
        (path.isEmpty ? "" : "\(path): ") + "expected \(expected), found \(found)"
    }
}
