import Synchronization

/// A tensor that an operation keeps for its backward pass. The backward pass runs once and takes the tensor
/// as its own: it may write its result there if no other tensor shares the memory.
package final class KeptTensor: Sendable {
    private let tensor: Mutex<Tensor?>

    package init(_ tensor: Tensor) { self.tensor = Mutex(tensor) }

    /// - Precondition: It has not been taken before.
    package func take() -> Tensor {
        guard let kept = tensor.withLock({ $0.take() }) else {
            preconditionFailure("a backward pass ran twice")
        }
        return kept
    }
}
