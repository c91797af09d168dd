import Synchronization

/// A recorded operation, or a leaf. ``gradients(of:seed:at:)`` follows nodes back from a result to its
/// inputs.
///
/// A tensor refers to the node that made it, and a node to its inputs' nodes; there is no tape. So the graph
/// of a result lives exactly as long as the result.
package final class GradientNode: Sendable {
    /// From the gradient of the operation's result to those of its inputs, nil where `needs` does not ask.
    ///
    /// The gradient is the closure's own, to be overwritten if that helps. The tensors that a closure
    /// captures are detached.
    package typealias Backward =
        @Sendable (_ gradient: inout Tensor, _ needs: [Bool]) throws(TensorError) -> [GradientPart?]

    private struct State {
        var inputs: [GradientNode?]
        /// nil: a leaf, or already run.
        var backward: Backward?
    }

    /// Later nodes have larger numbers, so that every node's inputs come before it.
    package let number: Int
    /// The operation's name in messages; nil: a leaf.
    package let operation: String?
    /// Whether the operation has no backward pass. Such a node knows no inputs, so it keeps no graph alive.
    package let isOpaque: Bool
    /// The shape of the result, and so of its gradient.
    package let shape: Shape
    private let state: Mutex<State>

    private static let made = Atomic<Int>(0)

    package init(
        operation: String? = nil, shape: Shape, inputs: [GradientNode?] = [], backward: Backward? = nil
    ) {
        number = Self.made.add(1, ordering: .relaxed).newValue
        self.operation = operation
        isOpaque = operation != nil && backward == nil
        self.shape = shape
        state = Mutex(State(inputs: inputs, backward: backward))
    }

    package var inputs: [GradientNode?] { state.withLock { $0.inputs } }

    /// Whether the operation's backward pass has run, and has released its tensors.
    package var isSpent: Bool { operation != nil && !isOpaque && state.withLock { $0.backward == nil } }

    /// The backward pass, once. Its tensors are free as soon as the caller has run it.
    package func takeBackward() -> Backward? {
        state.withLock { state in
            defer { state.backward = nil }
            return state.backward
        }
    }

    /// Frees a long chain in a loop: node by node through `deinit` it would use up the stack.
    deinit {
        var released = takeInputs()
        while var node = released.popLast() {
            if isKnownUniquelyReferenced(&node) { released += node.takeInputs() }
        }
    }

    private func takeInputs() -> [GradientNode] {
        state.withLock { state in
            defer { state.inputs = [] }
            return state.inputs.compactMap { $0 }
        }
    }
}

/// A backward pass's contribution to the gradient of one input.
package enum GradientPart: Sendable {
    /// A gradient of the input's whole shape.
    case whole(Tensor)
    /// A gradient of the part of the input from `start` on along `axis`; zero elsewhere.
    case slice(Tensor, axis: Int, start: Int)

    /// Whether the part lies inside a gradient of `shape`.
    func fits(_ shape: Shape) -> Bool {
        switch self {
        case .whole(let tensor): return tensor.shape == shape
        case .slice(let tensor, let axis, let start):
            guard tensor.rank == shape.rank, shape.indices.contains(axis), start >= 0 else { return false }
            return shape.indices.allSatisfy { tensor.shape[$0] == shape[$0] || $0 == axis }
                && start + tensor.shape[axis] <= shape[axis]
        }
    }

    var tensor: Tensor {
        switch self {
        case .whole(let tensor), .slice(let tensor, _, _): tensor
        }
    }
}
