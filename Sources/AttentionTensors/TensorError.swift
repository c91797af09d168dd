/// A fault in tensors or settings that come from outside: a file, a caller's data, an environment variable.
public enum TensorError: Error, Hashable, Sendable {
    /// The extents do not describe a tensor.
    case invalidShape([Int], reason: String)
    /// `tensor` has a shape that the operation cannot use.
    case shapeMismatch(tensor: String, expected: String, found: Shape)
    /// A source of weights holds no tensor of this name.
    case missingTensor(name: String, source: String)
    /// `tensor` is stored in a type that cannot be computed with.
    case unsupportedElementType(tensor: String, found: ElementType)
    /// The number of scalars or bytes does not fill the shape.
    case countMismatch(tensor: String, expected: Int, found: Int)
    /// `ATTENTION_ISA` or a caller asks for an instruction set that is unknown or absent here.
    case instructionSetUnavailable(requested: String, available: [String])
    /// `tensor` is watched where an operation takes a constant, so that its gradient would be lost.
    case noGradient(tensor: String)
    /// An argument of an operation is outside what it can work with.
    case invalidArgument(String)
}

extension TensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidShape(let extents, let reason):
            "\(extents) is not a shape: \(reason)"
        case .shapeMismatch(let tensor, let expected, let found):
            "\(tensor): expected shape \(expected), found \(found)"
        case .missingTensor(let name, let source):
            "\(source) holds no tensor named '\(name)'"
        case .unsupportedElementType(let tensor, let found):
            "\(tensor) is stored as \(found.rawValue), which cannot be read as numbers"
        case .countMismatch(let tensor, let expected, let found):
            "\(tensor): expected \(expected) elements, found \(found)"
        case .instructionSetUnavailable(let requested, let available):
            "the instruction set '\(requested)' is not available on this machine; "
                + "available: \(available.joined(separator: ", "))"
        case .noGradient(let tensor):
            "\(tensor): no gradient is computed for it here, but it is watched; pass a detached copy"
        case .invalidArgument(let message):
            message
        }
    }
}
