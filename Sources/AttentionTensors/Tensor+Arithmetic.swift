extension Tensor {
    /// The sum, element by element.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the shapes are equal.
    public static func + (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        guard a.shape == b.shape else {
            throw .shapeMismatch(tensor: "second term of a sum", expected: "\(a.shape)", found: b.shape)
        }
        let (a, b) = (a.contiguous(), b.contiguous())
        return Tensor(shape: a.shape) { sum in
            a.withUnsafeBuffer { a in
                b.withUnsafeBuffer { b in
                    for index in sum.indices { sum.initializeElement(at: index, to: a[index] + b[index]) }
                }
            }
        }
    }
}
