extension Tensor {
    /// The same elements as a leaf of new computations: what is computed from it is recorded, so that
    /// ``gradients(of:seed:at:)`` can give a result's gradient at this tensor. No element is copied.
    public func watched() -> Tensor { with(GradientNode(shape: shape)) }

    /// The same elements, not watched: computations from them are not recorded, and the graph behind them is
    /// released.
    public func detached() -> Tensor { isWatched ? with(nil) : self }

    /// Whether what is computed from this tensor is recorded.
    public var isWatched: Bool { gradientNode != nil }

    private func with(_ node: GradientNode?) -> Tensor {
        Tensor(shape: shape, strides: strides, offset: offset, storage: storage, gradientNode: node)
    }

    /// Whether an operation on these tensors is to be recorded. An operation asks this before it makes the
    /// closure that ``recorded(as:from:backward:)`` takes, so that an unrecorded operation pays a few
    /// comparisons.
    public static func isAnyWatched(
        _ a: Tensor?, _ b: Tensor? = nil, _ c: Tensor? = nil, _ d: Tensor? = nil, _ e: Tensor? = nil,
        _ f: Tensor? = nil
    ) -> Bool {
        a?.gradientNode != nil || b?.gradientNode != nil || c?.gradientNode != nil
            || d?.gradientNode != nil || e?.gradientNode != nil || f?.gradientNode != nil
    }

    /// This tensor as the result of an operation on `inputs`, if any of them is watched; else as it is.
    ///
    ///     guard Tensor.isAnyWatched(a, b) else { return product }
    ///     let (x, y) = (a.detached(), b.detached())
    ///     return product.recorded(as: "product", from: [a, b]) { gradient, needs throws(TensorError) in
    ///         [needs[0] ? try gradient * y : nil, needs[1] ? try gradient * x : nil]
    ///     }
    ///
    /// - Parameters:
    ///   - operation: The operation's name in messages.
    ///   - inputs: The operation's inputs; nil for one that is absent.
    ///   - backward: From the result's gradient, which it may overwrite, to the gradients of the inputs: one
    ///     for each, of its shape; nil where `needs` does not ask for it. It is called at most once. It
    ///     captures detached tensors only, and saves as few as it can: they live as long as the result.
    public func recorded(
        as operation: String, from inputs: [Tensor?],
        backward:
            @escaping @Sendable (_ gradient: inout Tensor, _ needs: [Bool]) throws(TensorError) -> [Tensor?]
    ) -> Tensor {
        recordedInParts(as: operation, from: inputs) {
            gradient, needs throws(TensorError) -> [GradientPart?] in
            try backward(&gradient, needs).map { $0.map { .whole($0) } }
        }
    }

    /// This tensor as the result of an operation that has no backward pass, if any of `inputs` is watched;
    /// else as it is. A gradient through it is ``GradientError/noBackwardPass(operation:)`` instead of a
    /// silent zero. The result keeps nothing of the inputs' past alive.
    ///
    /// - Parameters:
    ///   - operation: The operation's name in messages.
    ///   - inputs: The operation's inputs; nil for one that is absent.
    public func recordedWithoutBackward(as operation: String, from inputs: [Tensor?]) -> Tensor {
        recordedWithoutBackward(as: operation, if: inputs.contains { $0?.isWatched == true })
    }

    /// ``recordedWithoutBackward(as:from:)`` for an operation that knows whether an input is watched.
    package func recordedWithoutBackward(as operation: String, if isRecorded: Bool) -> Tensor {
        isRecorded ? with(GradientNode(operation: operation, shape: shape)) : detached()
    }

    /// ``recorded(as:from:backward:)`` for an operation on one tensor.
    package func recorded(
        as operation: String, from input: Tensor,
        backward: @escaping @Sendable (_ gradient: inout Tensor) throws(TensorError) -> Tensor
    ) -> Tensor {
        recordedInParts(as: operation, from: [input]) { gradient, _ throws(TensorError) -> [GradientPart?] in
            [.whole(try backward(&gradient))]
        }
    }

    /// ``recorded(as:from:backward:)`` for an operation that has overwritten its input, of which only the
    /// node is left.
    package func recorded(
        as operation: String, from node: GradientNode,
        backward: @escaping @Sendable (_ gradient: inout Tensor) throws(TensorError) -> Tensor
    ) -> Tensor {
        with(
            GradientNode(operation: operation, shape: shape, inputs: [node]) {
                gradient, _ throws(TensorError) -> [GradientPart?] in [.whole(try backward(&gradient))]
            })
    }

    /// ``recorded(as:from:backward:)`` with gradients of which some are zero outside a slice.
    package func recordedInParts(
        as operation: String, from inputs: [Tensor?], backward: @escaping GradientNode.Backward
    ) -> Tensor {
        let nodes = inputs.map { $0?.gradientNode }
        guard nodes.contains(where: { $0 != nil }) else { return self }
        return with(GradientNode(operation: operation, shape: shape, inputs: nodes, backward: backward))
    }
}
