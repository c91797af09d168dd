import CAttentionKernels

extension Tensor {
    /// The sum, element by element. Its gradient is that of both terms.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the shapes are equal.
    public static func + (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        guard a.shape == b.shape else {
            throw .shapeMismatch(tensor: "second term of a sum", expected: "\(a.shape)", found: b.shape)
        }
        let kernels = try Kernels.selected()
        let (x, y) = (a.contiguous(), b.contiguous())
        let sum = Tensor(shape: a.shape) { output in
            x.withElementPointer { x in
                y.withElementPointer { y in
                    addRuns(1, x, 0, y, 0, output.baseAddress!, 0, a.elementCount, kernels)
                }
            }
        }
        guard isAnyWatched(a, b) else { return sum }
        return sum.recorded(as: "sum", from: [a, b]) { gradient, _ in [gradient, gradient] }
    }

    /// Adds `other`, of this shape, in the memory of either of the two if no other tensor shares it.
    package mutating func accumulate(_ other: Tensor) throws(TensorError) {
        precondition(shape == other.shape, "accumulate \(other.shape) into \(shape)")
        var other = other
        // Addition gives the same bits either way round.
        if !isWritableInPlace(), other.isWritableInPlace() { swap(&self, &other) }
        guard isWritableInPlace() else {
            self = try detached() + other.detached()
            return
        }
        let kernels = try Kernels.selected()
        let (count, term) = (elementCount, other.contiguous())
        withUnsafeMutableBuffer { sum in
            guard let sum = sum.baseAddress else { return }
            term.withElementPointer { addRuns(1, UnsafePointer(sum), 0, $0, 0, sum, 0, count, kernels) }
        }
    }

    /// Adds `slice` to the part of this tensor from `start` on along `axis`.
    package mutating func accumulate(_ slice: Tensor, axis: Int, start: Int) throws(TensorError) {
        precondition(
            GradientPart.slice(slice, axis: axis, start: start).fits(shape),
            "accumulate \(slice.shape) into \(shape) from \(start) on along axis \(axis)")
        let kernels = try Kernels.selected()
        let inner = shape.dropFirst(axis + 1).reduce(1, *)
        let (run, row) = (slice.shape[axis] * inner, shape[axis] * inner)
        guard run > 0 else { return }
        let (rows, slice) = (slice.elementCount / run, slice.contiguous())
        withUnsafeMutableBuffer { sum in
            guard let sum = sum.baseAddress.map({ $0 + start * inner }) else { return }
            slice.withElementPointer {
                addRuns(rows, UnsafePointer(sum), row, $0, run, sum, row, run, kernels)
            }
        }
    }
}

/// out ← a + b for `rows` runs of `count` elements, `aRow`, `bRow` and `outRow` apart; on all threads if
/// there are enough.
private func addRuns(
    _ rows: Int, _ a: UnsafePointer<Float>, _ aRow: Int, _ b: UnsafePointer<Float>, _ bRow: Int,
    _ out: UnsafeMutablePointer<Float>, _ outRow: Int, _ count: Int, _ kernels: Kernels
) {
    let add = kernels.table.pointee.elementwise.add!
    if rows == 1 {
        forEachRowBlock(rows: count, width: 1) { first, count in
            add(a + first, b + first, Int64(count), out + first)
        }
    } else {
        forEachRowBlock(rows: rows, width: count) { first, rows in
            for row in first..<first + rows {
                add(a + row * aRow, b + row * bRow, Int64(count), out + row * outRow)
            }
        }
    }
}
