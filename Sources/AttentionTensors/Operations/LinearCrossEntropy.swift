extension CrossEntropy {
    /// The loss of the logits x · Wᵀ, which are never held at once: with a vocabulary of 50,000 and 12,000
    /// tokens they would fill 2.4 GB.
    ///
    /// The logits of `rowsEach` rows are computed at a time, and each part's gradients directly after its
    /// loss, so that no part is computed twice. The backward pass only scales them.
    ///
    /// - Parameters:
    ///   - x: `[…, M]`
    ///   - weight: `[C, M]`: a language model's head, or its table of token vectors.
    ///   - targets: A class for each row of `x`, in row-major order.
    ///   - rowsEach: The number of rows of a part. For each part the weight is packed twice and its gradient
    ///     updated, so few rows cost time and many cost memory. The gradient of the weight is the sum over
    ///     the parts in order.
    /// - Returns: A scalar, `[]`.
    /// - Throws: As ``callAsFunction(_:targets:)``; ``TensorError/invalidArgument(_:)`` without a reduction.
    public func callAsFunction(
        _ x: Tensor, weight: Tensor, targets: [Int], rowsEach: Int = 512
    ) throws(TensorError) -> Tensor {
        guard weight.rank == 2, weight.shape[0] > 0, x.shape.last == weight.shape[1] else {
            throw .shapeMismatch(
                tensor: "weight of a cross-entropy", expected: "[classes, \(x.shape.last ?? 0)]",
                found: weight.shape)
        }
        guard reduction != .none, rowsEach > 0 else {
            throw .invalidArgument(
                "a loss without its logits is a mean or a sum, over at least one row at a time")
        }
        let needs = [x.isWatched, weight.isWatched]
        let parts = try losses(x.detached(), weight.detached(), targets, rowsEach, needs)
        guard Tensor.isAnyWatched(x, weight) else { return parts.value }
        let (dx, dw) = (parts.dx.map(KeptTensor.init), parts.dw.map(KeptTensor.init))
        return parts.value.recorded(as: "cross-entropy of a linear layer", from: [x, weight]) {
            gradient, needs throws(TensorError) in
            let scale = gradient.scalars[0]
            return [
                needs[0] ? try dx?.take().scaled(by: scale) : nil,
                needs[1] ? try dw?.take().scaled(by: scale) : nil,
            ]
        }
    }

    private func losses(
        _ x: Tensor, _ weight: Tensor, _ targets: [Int], _ rowsEach: Int, _ needs: [Bool]
    ) throws(TensorError) -> (value: Tensor, dx: Tensor?, dw: Tensor?) {
        let (classes, width) = (weight.shape[0], weight.shape[1])
        // Checks all targets, and knows what a mean divides by.
        let all = try CrossEntropyRows(
            self, shape: Shape(x.shape.dropLast()), classes: classes, targets: targets)
        let scale = reduction == .mean ? all.meanScale : 1
        let rows = try x.reshaped(to: [targets.count, width])
        var dx = needs[0] ? Tensor.zeros(rows.shape) : nil
        var dw = needs[1] ? Tensor.zeros(weight.shape) : nil
        var sum = 0.0
        for first in stride(from: 0, to: targets.count, by: rowsEach) {
            let range = first..<min(first + rowsEach, targets.count)
            let part = rows.sliced(axis: 0, range)
            let logits = try matrixProduct(part, weight.transposed(0, 1))
            var loss = try CrossEntropyRows(
                self, shape: [range.count], classes: classes, targets: Array(targets[range]))
            sum += loss.forward(logits).scalars.reduce(into: 0.0) { $0 += Double($1) }
            guard needs.contains(true) else { continue }
            let gradient = loss.backward(
                logits, gradients: Array(repeating: scale, count: range.count))
            if needs[0] { try dx?.accumulate(matrixProduct(gradient, weight), axis: 0, start: first) }
            if needs[1] { try dw?.accumulate(matrixProduct(gradient.transposed(0, 1), part)) }
        }
        let value = Tensor(repeating: Float(sum * Double(scale)), shape: [])
        return (value, try dx?.reshaped(to: x.shape), dw)
    }
}

extension Tensor {
    /// Times `factor`; as it is, if that is 1.
    fileprivate func scaled(by factor: Float) throws(TensorError) -> Tensor {
        factor == 1 ? self : try self * factor
    }
}
