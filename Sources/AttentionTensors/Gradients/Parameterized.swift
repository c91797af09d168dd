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
///
/// A type conforms by visiting its parts in `forEachParameter(_:)`:
///
///     mutating func forEachParameter(_ visitor: ParameterVisitor) throws {
///         try visit(&attention, "attention", visitor)
///         try visit(&norm, "norm", visitor)
///     }
public protocol Parameterized {
    /// Shows every parameter to `visitor`, in a fixed order. Names are paths:
    /// `layers.0.attention.query.weight`.
    ///
    /// A parameter that is left watched is trained: the computations of the layer are recorded at it. A
    /// parameter whose memory no other tensor shares is changed in place. Only float32 weights are
    /// parameters; weights of other types are noted as ``UntrainableWeight``.
    ///
    /// - Throws: The visitor's errors; ``TensorError/shapeMismatch(tensor:expected:found:)`` for a parameter
    ///   that is replaced by one of another shape. The parameters before that one are replaced then.
    mutating func forEachParameter(_ visitor: ParameterVisitor) throws
}

extension Parameterized {
    /// Calls `body` with every parameter's name and value, in a fixed order. It may replace the value by
    /// another of the same shape.
    ///
    /// - Throws: As `forEachParameter(_:)`.
    public mutating func forEachParameter(
        _ body: (_ name: String, _ parameter: inout Tensor) throws -> Void
    ) throws {
        try withoutActuallyEscaping(body) { try forEachParameter(ParameterVisitor($0)) }
    }

    /// Every parameter with its name.
    public var parameters: [(name: String, value: Tensor)] {
        get throws {
            var found: [(String, Tensor)] = []
            var copy = self
            try copy.forEachParameter { name, parameter in found.append((name, parameter)) }
            return found
        }
    }

    /// The weights that cannot be trained, because they are stored in another type than float32.
    public var untrainableWeights: [UntrainableWeight] {
        get throws {
            let found = Found()
            var copy = self
            try copy.forEachParameter(ParameterVisitor({ _, _ in }, noting: { found.weights.append($0) }))
            return found.weights
        }
    }

    /// Watches the parameters for which `isTrained` returns true, and no others: the rest is frozen.
    ///
    /// Only float32 weights can be trained. A model whose file holds another type is read in float32 through
    /// ``WeightSource/float32()``, or trained in part:
    ///
    ///     try model.watchParameters { $0.contains("norm") }
    ///
    /// - Throws: ``GradientError/notTrainable(_:)`` if `isTrained` returns true for a weight that is not
    ///   float32; nothing has changed then.
    public mutating func watchParameters(where isTrained: (_ name: String) -> Bool = { _ in true }) throws {
        let refused = try untrainableWeights.filter { isTrained($0.name) }
        guard refused.isEmpty else { throw GradientError.notTrainable(refused) }
        try forEachParameter { name, parameter in
            parameter = isTrained(name) ? parameter.watched() : parameter.detached()
        }
    }

    /// The gradient of `result` at every watched parameter, by name.
    ///
    /// - Throws: ``GradientError``.
    public func parameterGradients(of result: Tensor, seed: Tensor? = nil) throws -> [String: Tensor] {
        let watched = try parameters.filter(\.value.isWatched)
        let points = watched.map(\.value)
        switch Result(catching: { () throws(GradientError) in
            try gradients(of: result, seed: seed, at: points)
        }) {
        case .success(let found):
            // exact-text: the names are those of the layers.
            return Dictionary(uniqueKeysWithValues: zip(watched.map(\.name), found))
        case .failure(.unreached(let index, _)):
            throw GradientError.unreachedParameter(name: watched[index].name)
        case .failure(let error): throw error
        }
    }

    /// Shows the parameters of a part of this layer, their names under the part's.
    public func visit(
        _ part: inout some Parameterized, _ name: String, _ visitor: ParameterVisitor
    ) throws {
        try part.forEachParameter(visitor.scoped(name))
    }

    /// Shows the parameters of each of a list of parts, named by their places.
    public func visit<Part: Parameterized>(
        _ parts: inout [Part], _ name: String, _ visitor: ParameterVisitor
    ) throws {
        for index in parts.indices { try visit(&parts[index], "\(name).\(index)", visitor) }
    }

    /// Shows the parameters of a part, if there is one.
    public func visit<Part: Parameterized>(
        _ part: inout Part?, _ name: String, _ visitor: ParameterVisitor
    ) throws {
        guard var present = part.take() else { return }
        defer { part = present }
        try visit(&present, name, visitor)
    }

    /// Shows one parameter, if there is any, and checks what it is replaced by.
    public func visit(_ parameter: inout Tensor?, _ name: String, _ visitor: ParameterVisitor) throws {
        // Out of the layer, so that it can be changed in place.
        guard var present = parameter.take() else { return }
        defer { parameter = present }
        try visit(&present, name, visitor)
    }

    /// Shows one parameter, and checks what it is replaced by; zeros take the place of one that does not fit.
    public func visit(_ parameter: inout Tensor, _ name: String, _ visitor: ParameterVisitor) throws {
        let shape = parameter.shape
        try visitor.show(name, &parameter)
        let found = parameter.shape
        parameter = found == shape ? parameter.contiguous() : .zeros(shape)
        guard found == shape else {
            throw TensorError.shapeMismatch(
                tensor: "parameter '\(name)'", expected: "\(shape)", found: found)
        }
    }
}

/// The list that a visitor's closure fills.
private final class Found {
    var weights: [UntrainableWeight] = []
}
