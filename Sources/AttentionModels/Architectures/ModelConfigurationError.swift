/// A model's configuration that this package does not implement. Nothing in it is silently ignored.
public enum ModelConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `model_type` names an architecture that is not here.
    case unknownArchitecture(String, known: [String])
    /// A field has a value that is not implemented, or makes no sense.
    case unsupported(field: String, value: String, supported: String)

    public var description: String {
        switch self {
        case .unknownArchitecture(let name, let known):
            "the architecture '\(name)' is not implemented; "
                + "implemented: \(known.joined(separator: ", "))"
        case .unsupported(let field, let value, let supported):
            "\(field) is \(value); supported: \(supported)"
        }
    }
}

/// Checks shared by the architectures' configurations.
enum ConfigurationCheck {
    static func positive(_ value: Int, _ field: String) throws(ModelConfigurationError) {
        // 2³¹ bounds every product of two of these well below Int's range.
        guard value > 0, value < 1 << 31 else {
            throw .unsupported(field: field, value: "\(value)", supported: "a positive number below 2³¹")
        }
    }

    static func divides(_ heads: Int, _ width: Int, _ field: String) throws(ModelConfigurationError) {
        guard width % heads == 0 else {
            throw .unsupported(field: field, value: "\(heads)", supported: "a divisor of the width, \(width)")
        }
    }
}
