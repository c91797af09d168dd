import AttentionTensors

/// A tensor of a checkpoint that is to be written.
public struct CheckpointTensor: Sendable {
    /// The name in the file.
    public let name: String
    /// The shape in the file.
    public let shape: Shape
    private let make: @Sendable () throws -> Tensor

    init(name: String, shape: Shape, make: @escaping @Sendable () throws -> Tensor) {
        self.name = name
        self.shape = shape
        self.make = make
    }

    /// Its numbers, which are read or computed each time.
    ///
    /// - Throws: `TensorError` if its source lacks what it is made of, or has it in another shape; what the
    ///   source throws.
    public func numbers() throws -> Tensor { try make() }
}
