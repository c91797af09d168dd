/// The receiver of a layer's weights: it is shown each parameter, which it may replace, and is told of each
/// weight that cannot be trained.
public struct ParameterVisitor {
    private let body: (_ name: String, _ parameter: inout Tensor) throws -> Void
    private let noteWeight: (UntrainableWeight) -> Void

    /// - Parameters:
    ///   - body: Receives a parameter's name and value, and may replace the value by another of the same
    ///     shape.
    ///   - noteWeight: Receives each weight that is not float32.
    public init(
        _ body: @escaping (_ name: String, _ parameter: inout Tensor) throws -> Void,
        noting noteWeight: @escaping (UntrainableWeight) -> Void = { _ in }
    ) {
        self.body = body
        self.noteWeight = noteWeight
    }

    /// Shows one parameter. Layers call `visit(_:_:_:)`, which also checks the
    /// shape.
    public func show(_ name: String, _ parameter: inout Tensor) throws { try body(name, &parameter) }

    /// Notes a weight that exists but cannot be trained.
    public func note(_ weight: UntrainableWeight) { noteWeight(weight) }

    /// This visitor, for the weights of the part called `name`.
    public func scoped(_ name: String) -> ParameterVisitor {
        ParameterVisitor {
            try show("\(name).\($0)", &$1)
        } noting: {
            note(UntrainableWeight(name: "\(name).\($0.name)", elementType: $0.elementType))
        }
    }
}

/// A weight that is stored in another type than float32, and so has no gradient.
public struct UntrainableWeight: Hashable, Sendable, CustomStringConvertible {
    /// The path of the weight in the model, `layers.0.attention.query.weight`.
    public let name: String
    /// The form in which the weights are stored.
    public let elementType: ElementType

    /// A parameter of this name.
    public init(name: String, elementType: ElementType) {
        self.name = name
        self.elementType = elementType
    }

    public var description: String { "\(name) (\(elementType.rawValue))" }
}
