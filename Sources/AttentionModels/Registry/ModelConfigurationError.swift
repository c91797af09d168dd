/// A model's configuration that this package does not implement. Nothing in it is silently ignored.
public enum ModelConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `model_type` or `general.architecture` names an architecture that is not registered.
    case unknownArchitecture(String, known: [String])
    /// A field has a value that is not implemented, or makes no sense.
    case unsupported(field: String, value: String, supported: String)
    /// A model is of another kind than the one that is asked for.
    case wrongKind(ModelKind, architecture: String, expected: ModelKind, known: [String])
    /// A family claims a name that a registered one has.
    case alreadyRegistered(String)

    public var description: String {
        switch self {
        case .unknownArchitecture(let name, let known):
            "the architecture '\(name)' is not implemented; "
                + "implemented: \(known.joined(separator: ", "))"
        case .unsupported(let field, let value, let supported):
            "\(field) is \(value); supported: \(supported)"
        case .wrongKind(let kind, let architecture, let expected, let known):
            "a model of the architecture '\(architecture)' is \(kind.phrase), not \(expected.phrase); "
                + "of that kind are \(known.joined(separator: ", "))"
        case .alreadyRegistered(let name):
            "a family of models is registered under the name '\(name)' already"
        }
    }
}

/// Checks shared by the families' configurations.
public enum ConfigurationCheck {
    /// - Throws: ``ModelConfigurationError/unsupported(field:value:supported:)`` unless 0 < `value` < 2³¹.
    public static func positive(_ value: Int, _ field: String) throws(ModelConfigurationError) {
        // 2³¹ bounds every product of two of these well below Int's range.
        guard value > 0, value < 1 << 31 else {
            throw .unsupported(field: field, value: "\(value)", supported: "a positive number below 2³¹")
        }
    }

    /// - Throws: ``ModelConfigurationError/unsupported(field:value:supported:)`` unless `heads` divides
    ///   `width`.
    public static func divides(_ heads: Int, _ width: Int, _ field: String) throws(ModelConfigurationError) {
        guard heads > 0, width % heads == 0 else {
            throw .unsupported(field: field, value: "\(heads)", supported: "a divisor of the width, \(width)")
        }
    }

    /// A number of layers that a model may have.
    static func layers(_ count: Int) throws(ModelConfigurationError) {
        let most = 1 << 16
        guard (1...most).contains(count) else {
            throw .unsupported(field: "the number of layers", value: "\(count)", supported: "1 to \(most)")
        }
    }

    /// A number that must be positive where there is one.
    static func positive(_ value: Float?, _ field: String) throws(ModelConfigurationError) {
        if let value, !(value > 0 && value.isFinite) {
            throw .unsupported(field: field, value: "\(value)", supported: "a positive number")
        }
    }

    static func finite(_ value: Float, _ field: String) throws(ModelConfigurationError) {
        guard value.isFinite else {
            throw .unsupported(field: field, value: "\(value)", supported: "a number")
        }
    }
}
