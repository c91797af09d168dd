extension Tensor {
    /// The same elements under another shape. Copies only where the elements have gaps between them.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` if the element counts differ.
    public func reshaped(to newShape: Shape) throws(TensorError) -> Tensor {
        guard newShape.elementCount == elementCount else {
            throw .shapeMismatch(
                tensor: "reshape to \(newShape)", expected: "\(newShape.elementCount) elements", found: shape)
        }
        let source = contiguous()
        let view = Tensor(
            shape: newShape, strides: newShape.contiguousStrides, offset: source.offset,
            storage: source.storage)
        guard isWatched else { return view }
        let shape = shape
        return view.recorded(as: "reshape", from: self) { gradient throws(TensorError) in
            try gradient.reshaped(to: shape)
        }
    }

    /// The tensor with two axes exchanged; no element moves.
    public func transposed(_ first: Int, _ second: Int) -> Tensor {
        precondition(
            first >= 0 && first < rank && second >= 0 && second < rank,
            "no axes \(first), \(second) in \(shape)")
        var extents = shape.extents
        var newStrides = strides
        extents.swapAt(first, second)
        newStrides.swapAt(first, second)
        let view = Tensor(shape: Shape(extents), strides: newStrides, offset: offset, storage: storage)
        guard isWatched else { return view }
        return view.recorded(as: "transpose", from: self) { $0.transposed(first, second) }
    }

    /// The part of the tensor whose index along `axis` lies in `range`; no element moves.
    public func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
        precondition(axis >= 0 && axis < rank, "no axis \(axis) in \(shape)")
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "\(range) outside axis \(axis) of \(shape)")
        var extents = shape.extents
        extents[axis] = range.count
        let view = Tensor(
            shape: Shape(extents), strides: strides, offset: offset + range.lowerBound * strides[axis],
            storage: storage)
        guard isWatched else { return view }
        // Zero outside the range, without a tensor of zeros for each of the slices that one tensor is cut
        // into.
        return view.recordedInParts(as: "slice", from: [self]) { gradient, _ in
            [.slice(gradient, axis: axis, start: range.lowerBound)]
        }
    }

    /// The part of the tensor at `index` along `axis`, without that axis; no element moves.
    public func selecting(axis: Int, _ index: Int) -> Tensor {
        let slice = sliced(axis: axis, index..<index + 1)
        var extents = slice.shape.extents
        var newStrides = strides
        extents.remove(at: axis)
        newStrides.remove(at: axis)
        let view = Tensor(
            shape: Shape(extents), strides: newStrides, offset: slice.offset, storage: storage)
        guard isWatched else { return view }
        let sliceShape = slice.shape
        return view.recorded(as: "selection", from: slice) { gradient throws(TensorError) in
            try gradient.reshaped(to: sliceShape)
        }
    }

    /// `[B, N, H·D]` seen as `[B, H, N, D]`: each head's slice of every row; no element moves.
    public func splitIntoHeads(_ heads: Int) throws(TensorError) -> Tensor {
        guard rank == 3, heads > 0, shape[2] % heads == 0 else {
            throw .shapeMismatch(tensor: "heads", expected: "[B, N, a multiple of \(heads)]", found: shape)
        }
        let width = shape[2] / heads
        let view = Tensor(
            shape: [shape[0], heads, shape[1], width],
            strides: [strides[0], width * strides[2], strides[1], strides[2]], offset: offset,
            storage: storage)
        guard isWatched else { return view }
        return view.recorded(as: "split into heads", from: self) { gradient throws(TensorError) in
            try gradient.concatenatingHeads()
        }
    }

    /// `[B, H, N, D]` as `[B, N, H·D]`: the heads' outputs side by side. The inverse of
    /// ``splitIntoHeads(_:)``; copies nothing where the memory already has that order.
    public func concatenatingHeads() throws(TensorError) -> Tensor {
        guard rank == 4 else {
            throw .shapeMismatch(tensor: "heads", expected: "[B, H, N, D]", found: shape)
        }
        return try transposed(1, 2).reshaped(to: [shape[0], shape[2], shape[1] * shape[3]])
    }
}

extension Tensor {
    /// The rows of all `parts`, matrices `[rows, width]` of one width, one part below the other.
    package static func concatenatingRows(_ parts: [Tensor]) -> Tensor {
        if parts.count == 1 { return parts[0] }
        let width = parts[0].shape[1]
        let joined = Tensor(shape: [parts.reduce(0) { $0 + $1.shape[0] }, width]) { rows in
            var next = rows.baseAddress!
            for part in parts {
                part.contiguous().withElementPointer { next.initialize(from: $0, count: part.elementCount) }
                next += part.elementCount
            }
        }
        guard parts.contains(where: \.isWatched) else { return joined }
        let counts = parts.map { $0.shape[0] }
        return joined.recorded(as: "concatenation of rows", from: parts) { gradient, needs in
            var end = 0
            return zip(counts, needs).map { count, isNeeded in
                end += count
                return isNeeded ? gradient.sliced(axis: 0, end - count..<end) : nil
            }
        }
    }

    /// Chosen rows of a matrix, `[indices, width]`.
    package func selectingRows(_ indices: [Int]) -> Tensor {
        Tensor.concatenatingRows(indices.map { sliced(axis: 0, $0..<$0 + 1) })
    }
}
