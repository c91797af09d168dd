import CAttentionKernels

extension Tensor {
    /// The product, element by element.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the shapes are equal.
    public static func * (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        guard a.shape == b.shape else {
            throw .shapeMismatch(tensor: "second factor of a product", expected: "\(a.shape)", found: b.shape)
        }
        let (x, y) = (a.detached(), b.detached())
        var product = x
        try product.multiply(by: y)
        guard isAnyWatched(a, b) else { return product }
        return product.recorded(as: "product", from: [a, b]) { gradient, needs throws(TensorError) in
            let dx = needs[0] ? try gradient * y : nil
            if needs[1] { try gradient.multiply(by: x) }
            return [dx, needs[1] ? gradient : nil]
        }
    }

    /// Every element times `factor`.
    public static func * (tensor: Tensor, factor: Float) throws(TensorError) -> Tensor {
        var product = tensor.detached()
        try product.multiply(by: factor)
        guard tensor.isWatched else { return product }
        return product.recorded(as: "multiple", from: tensor) { gradient throws(TensorError) in
            try gradient.multiply(by: factor)
            return gradient
        }
    }

    /// Every element times `factor`.
    public static func * (factor: Float, tensor: Tensor) throws(TensorError) -> Tensor { try tensor * factor }

    /// Multiplies by a tensor of this shape, in place if no other tensor shares the memory.
    package mutating func multiply(by other: Tensor) throws(TensorError) {
        precondition(shape == other.shape, "multiply \(shape) by \(other.shape)")
        let kernels = try Kernels.selected()
        let (count, other) = (elementCount, other.contiguous())
        rewrite { from, to in
            other.withElementPointer { factor in
                forEachRowBlock(rows: count, width: 1) { first, count in
                    kernels.table.pointee.elementwise.multiply(
                        from + first, factor + first, Int64(count), to + first)
                }
            }
        }
    }

    /// Multiplies by a number, in place if no other tensor shares the memory.
    package mutating func multiply(by factor: Float) throws(TensorError) {
        let kernels = try Kernels.selected()
        let count = elementCount
        rewrite { from, to in
            forEachRowBlock(rows: count, width: 1) { first, count in
                kernels.table.pointee.elementwise.scale(from + first, factor, Int64(count), to + first)
            }
        }
    }

    /// The sum of all elements, a tensor of rank 0.
    ///
    /// - Throws: ``TensorError/instructionSetUnavailable(requested:available:)``.
    public func sum() throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        let source = detached().contiguous()
        // Blocks of a fixed length, added in their order and in double precision, whatever the threads.
        let (block, count) = (16_384, elementCount)
        var sums = [Float](repeating: 0, count: (count + block - 1) / block)
        source.withElementPointer { elements in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                WorkerPool.current.run(count: (count + block - 1) / block, work: .bytes(4 * count)) {
                    item, _ in
                    sums[item] = kernels.table.pointee.elementwise.sum(
                        elements + item * block, Int64(min(block, count - item * block)))
                }
            }
        }
        let total = Tensor(repeating: Float(sums.reduce(0.0) { $0 + Double($1) }), shape: [])
        guard isWatched else { return total }
        let shape = shape
        return total.recorded(as: "total", from: self) { Tensor(repeating: $0[], shape: shape) }
    }
}
