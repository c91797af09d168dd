extension StoredTensor {
    /// Some of the rows of a matrix, in the same memory.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix with these rows.
    package func rows(_ range: Range<Int>) throws(TensorError) -> StoredTensor {
        guard shape.rank == 2, range.lowerBound >= 0, range.upperBound <= shape[0] else {
            throw .shapeMismatch(tensor: name, expected: "[at least \(range.upperBound), …]", found: shape)
        }
        let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
        let begin = byteOffset + range.lowerBound * rowBytes
        return try StoredTensor(
            name: name, elementType: elementType, shape: [range.count, shape[1]],
            bytes: begin..<begin + range.count * rowBytes, in: storage)
    }

    /// One of the matrices of a stack `[count, rows, columns]`, in the same memory.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a stack with this matrix.
    package func matrix(_ index: Int) throws(TensorError) -> StoredTensor {
        guard shape.rank == 3, (0..<shape[0]).contains(index) else {
            throw .shapeMismatch(tensor: name, expected: "[at least \(index + 1), …, …]", found: shape)
        }
        let bytes = byteCount / shape[0]
        let begin = byteOffset + index * bytes
        return try StoredTensor(
            name: name, elementType: elementType, shape: [shape[1], shape[2]], bytes: begin..<begin + bytes,
            in: storage)
    }

    /// A matrix the other way round, in memory of its own.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix;
    ///   ``TensorError/unsupportedElementType(tensor:found:)`` for blocks.
    package func transposed() throws(TensorError) -> StoredTensor {
        guard shape.rank == 2 else {
            throw .shapeMismatch(tensor: name, expected: "[inputs, outputs]", found: shape)
        }
        guard elementType.blockLength == 1 else {
            throw .unsupportedElementType(tensor: name, found: elementType)
        }
        let (rows, columns, width) = (shape[0], shape[1], elementType.byteWidth)
        let result = TensorStorage(byteCount: byteCount)
        withUnsafeBytes { bytes in
            guard let from = bytes.baseAddress else { return }
            for column in 0..<columns {
                let to = result.baseAddress + column * rows * width
                for row in 0..<rows {
                    (to + row * width).copyMemory(
                        from: from + (row * columns + column) * width, byteCount: width)
                }
            }
        }
        return try StoredTensor(
            name: name, elementType: elementType, shape: [columns, rows], bytes: 0..<byteCount, in: result)
    }
}
