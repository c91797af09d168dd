/// What can be wrong with asking for gradients.
public enum GradientError: Error, Hashable, Sendable {
    /// The tensor was not computed from any watched tensor, by operations that record.
    case notRecorded(shape: Shape)
    /// The tensor at this place of the list is not watched.
    case notWatched(index: Int, shape: Shape)
    /// The tensor at this place of the list is watched, but the result does not depend on it.
    case unreached(index: Int, shape: Shape)
    /// Only a single number has a gradient without a seed.
    case notScalar(shape: Shape)
    /// The seed must have the shape of the result.
    case seedMismatch(expected: Shape, found: Shape)
    /// The gradients of this computation have been taken before, and what it had kept for them is gone.
    case alreadyUsed(operation: String)
    /// An operation's backward pass gave a gradient that does not fit its input.
    case wrongGradient(operation: String, input: Int, expected: Shape, found: Shape)
    /// An operation's backward pass failed.
    case failed(operation: String, TensorError)
}

extension GradientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notRecorded(let shape):
            "no gradients of a tensor of shape \(shape): it was not computed from a watched tensor"
        case .notWatched(let index, let shape):
            "no gradient at tensor \(index) of the list, of shape \(shape): it is not watched"
        case .unreached(let index, let shape):
            "no gradient at tensor \(index) of the list, of shape \(shape): the result does not depend on it"
        case .notScalar(let shape):
            "gradients without a seed are those of one number; found a tensor of shape \(shape)"
        case .seedMismatch(let expected, let found):
            "seed of gradients: expected shape \(expected), found \(found)"
        case .alreadyUsed(let operation):
            "the gradients of this computation were taken before: '\(operation)' has let go of what it had kept"
        case .wrongGradient(let operation, let input, let expected, let found):
            "backward pass of '\(operation)', input \(input): expected a gradient for shape \(expected), "
                + "found \(found)"
        case .failed(let operation, let error):
            "backward pass of '\(operation)': \(error)"
        }
    }
}
