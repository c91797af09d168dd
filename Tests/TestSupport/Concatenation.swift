import AttentionTensors

extension Tensor {
    /// Tensors side by side along `axis`; the other extents are equal.
    public static func concatenating(_ tensors: [Tensor], axis: Int) throws -> Tensor {
        // With the axis in front, row-major order is one tensor after the other.
        let turned = tensors.map { $0.transposed(0, axis) }
        var extents = turned[0].shape.extents
        extents[0] = turned.reduce(0) { $0 + $1.shape[0] }
        return try Tensor(turned.flatMap(\.scalars), shape: Shape(extents)).transposed(0, axis)
    }
}
