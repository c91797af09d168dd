/// A reason why gradients cannot be computed.
public enum GradientError: Error, Hashable, Sendable {
    /// The tensor was not computed from any watched tensor, by operations that record.
    case notRecorded(shape: Shape)
    /// The tensor at this place of the list is not watched.
    case notWatched(index: Int, shape: Shape)
    /// The tensor at this place of the list is watched, but the result does not depend on it.
    case unreached(index: Int, shape: Shape)
    /// The parameter is watched, but the result does not depend on it.
    case unreachedParameter(name: String)
    /// The result depends on an operation that has no backward pass.
    case noBackwardPass(operation: String)
    /// These weights are stored in types that cannot be trained.
    case notTrainable([UntrainableWeight])
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
        case .unreachedParameter(let name):
            "no gradient of the parameter '\(name)': the result does not depend on it"
        case .noBackwardPass(let operation):
            "no gradients through '\(operation)', which has no backward pass; "
                + "detach its result to leave it out of the gradient"
        case .notTrainable(let weights):
            "only float32 weights can be trained, and these are stored in other types: "
                + weights.prefix(3).map(\.description).joined(separator: ", ")
                + (weights.count > 3 ? " and \(weights.count - 3) more" : "")
        case .notScalar(let shape):
            "gradients without a seed are those of one number; found a tensor of shape \(shape)"
        case .seedMismatch(let expected, let found):
            "seed of gradients: expected shape \(expected), found \(found)"
        case .alreadyUsed(let operation):
            "the gradients of this computation were taken before: '\(operation)' has released its tensors"
        case .wrongGradient(let operation, let input, let expected, let found):
            "backward pass of '\(operation)', input \(input): expected a gradient for shape \(expected), "
                + "found \(found)"
        case .failed(let operation, let error):
            "backward pass of '\(operation)': \(error)"
        }
    }
}
