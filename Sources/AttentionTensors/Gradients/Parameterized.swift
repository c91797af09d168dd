/// Is shown a parameter's name and value, and may replace it by another of the same shape.
public typealias ParameterVisitor = (_ name: String, _ parameter: inout Tensor) throws -> Void

/// A layer or a model with weights that can be trained.
///
/// One method serves reading, watching and updating them:
///
///     try model.watchParameters()
///     let loss = try lossFunction(model)
///     let gradient = try model.parameterGradients(of: loss)
///     try model.forEachParameter { name, parameter in
///         parameter = try (parameter.detached() + gradient[name]! * -0.01).watched()
///     }
public protocol Parameterized {
    /// Calls `body` with every parameter, in a fixed order. Names are paths:
    /// `layers.0.attention.query.weight`.
    ///
    /// A parameter that is left watched is trained: the computations of the layer are recorded at it. One
    /// that nobody else refers to is changed in place. Weights stored in another type than float32 are no
    /// parameters.
    ///
    /// - Throws: What `body` throws; ``TensorError/shapeMismatch(tensor:expected:found:)`` for a parameter
    ///   that is replaced by one of another shape. The parameters before that one are replaced then.
    mutating func forEachParameter(_ body: ParameterVisitor) throws
}

extension Parameterized {
    /// Every parameter with its name.
    public var parameters: [(name: String, value: Tensor)] {
        get throws {
            var found: [(String, Tensor)] = []
            var copy = self
            try copy.forEachParameter { name, parameter in found.append((name, parameter)) }
            return found
        }
    }

    /// Watches the parameters whose names `isTrained` wants, and no others: the rest is frozen.
    public mutating func watchParameters(where isTrained: (_ name: String) -> Bool = { _ in true }) throws {
        try forEachParameter { name, parameter in
            parameter = isTrained(name) ? parameter.watched() : parameter.detached()
        }
    }

    /// The gradient of `result` at every watched parameter, by name.
    ///
    /// - Throws: ``GradientError``.
    public func parameterGradients(of result: Tensor, seed: Tensor? = nil) throws -> [String: Tensor] {
        let watched = try parameters.filter(\.value.isWatched)
        let found = try gradients(of: result, seed: seed, at: watched.map(\.value))
        return Dictionary(uniqueKeysWithValues: zip(watched.map(\.name), found))
    }

    /// Shows the parameters of a part of this layer, their names under the part's.
    public func visit(
        _ part: inout some Parameterized, _ name: String, _ body: ParameterVisitor
    ) throws {
        try part.forEachParameter { try body("\(name).\($0)", &$1) }
    }

    /// Shows the parameters of each of a list of parts, named by their places.
    public func visit<Part: Parameterized>(
        _ parts: inout [Part], _ name: String, _ body: ParameterVisitor
    ) throws {
        for index in parts.indices { try visit(&parts[index], "\(name).\(index)", body) }
    }

    /// Shows the parameters of a part, if there is one.
    public func visit<Part: Parameterized>(
        _ part: inout Part?, _ name: String, _ body: ParameterVisitor
    ) throws {
        guard var present = part.take() else { return }
        defer { part = present }
        try visit(&present, name, body)
    }

    /// Shows one parameter, if there is any, and checks what it is replaced by.
    public func visit(_ parameter: inout Tensor?, _ name: String, _ body: ParameterVisitor) throws {
        // Out of the layer, so that it can be changed in place.
        guard var present = parameter.take() else { return }
        defer { parameter = present }
        try visit(&present, name, body)
    }

    /// Shows one parameter, and checks what it is replaced by; zeros take the place of one that does not fit.
    public func visit(_ parameter: inout Tensor, _ name: String, _ body: ParameterVisitor) throws {
        let shape = parameter.shape
        try body(name, &parameter)
        let found = parameter.shape
        parameter = found == shape ? parameter.contiguous() : .zeros(shape)
        guard found == shape else {
            throw TensorError.shapeMismatch(
                tensor: "parameter '\(name)'", expected: "\(shape)", found: found)
        }
    }
}
