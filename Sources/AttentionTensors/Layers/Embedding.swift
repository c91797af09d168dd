import CAttentionKernels

/// A table of vectors, one for each token, position or segment.
///
/// A table in 16-bit floats or in blocks is read as it is stored, a row at a time; only a float32 table can
/// be watched.
public struct Embedding: Sendable {
    /// The number of vectors: V for tokens.
    public let count: Int
    /// M
    public let width: Int
    private var table: Table

    private enum Table: Sendable {
        case float32(Tensor)
        /// float16, bfloat16, or one of the block types
        case stored(StoredTensor)
    }

    /// - Parameter table: `[count, width]`; watched, if its gradient is wanted.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix.
    public init(_ table: Tensor) throws(TensorError) {
        try self.init(.float32(table.contiguous()), shape: table.shape)
    }

    /// - Parameter table: `[count, width]`. 16-bit floats and blocks stay as they are.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix;
    ///   ``TensorError/unsupportedElementType(tensor:found:)``.
    public init(_ table: StoredTensor) throws(TensorError) {
        guard table.elementType.isReduced else {
            try self.init(table.float32())
            return
        }
        try self.init(.stored(table), shape: table.shape)
    }

    private init(_ table: Table, shape: Shape) throws(TensorError) {
        guard shape.rank == 2 else {
            throw .shapeMismatch(tensor: "embedding", expected: "[count, width]", found: shape)
        }
        self.table = table
        count = shape[0]
        width = shape[1]
    }

    /// Reads `weight` from `source`.
    public init(count: Int, width: Int, from source: some WeightSource) throws {
        if let stored = try source.storedTensor(named: "weight"), stored.shape == [count, width],
            stored.elementType.isReduced
        {
            try self.init(stored)
        } else {
            try self.init(source.tensor("weight", shape: [count, width]))
        }
    }

    /// The table `[count, width]`; nil, if it is not stored in float32.
    package var weight: Tensor? {
        if case .float32(let table) = table { table } else { nil }
    }

    /// The vectors of `indices`, `[indices, width]`.
    ///
    /// The gradient of the table is the sum, for each of its rows, of the gradients of the places where it
    /// was used, in their order.
    ///
    /// - Throws: ``TensorError/invalidArgument(_:)`` for an index that the table does not have.
    public func callAsFunction(_ indices: [Int], what: String = "token id") throws(TensorError) -> Tensor {
        if let bad = indices.first(where: { $0 < 0 || $0 >= count }) {
            throw .invalidArgument("\(what) \(bad) is outside the model's \(count) (0 to \(count - 1))")
        }
        let kernels = try Kernels.selected()
        switch table {
        case .stored(let stored): return rows(of: stored, indices, kernels)
        case .float32(let table):
            let rows = rows(of: table, indices)
            guard table.isWatched else { return rows }
            let count = count
            return rows.recorded(as: "embedding", from: table) { gradient in
                Self.tableGradient(gradient.contiguous(), indices, count: count, kernels)
            }
        }
    }

    private func rows(of table: Tensor, _ indices: [Int]) -> Tensor {
        Tensor(shape: [indices.count, width]) { rows in
            table.withElementPointer { table in
                forEachRowBlock(rows: indices.count, width: width) { first, count in
                    for row in first..<first + count {
                        (rows.baseAddress! + row * width).initialize(
                            from: table + indices[row] * width, count: width)
                    }
                }
            }
        }
    }

    private func rows(of stored: StoredTensor, _ indices: [Int], _ kernels: Kernels) -> Tensor {
        Tensor(shape: [indices.count, width]) { rows in
            forEachRowBlock(rows: indices.count, width: width) { first, count in
                for row in first..<first + count {
                    stored.readRow(indices[row], kernels, to: rows.baseAddress! + row * width)
                }
            }
        }
    }

    /// A counting sort lists the places where each row of the table was used. So the gradient is written
    /// once, row by row and by all threads, and no two of them add to the same row.
    private static func tableGradient(
        _ gradient: Tensor, _ indices: [Int], count: Int, _ kernels: Kernels
    ) -> Tensor {
        let width = gradient.shape[1]
        // Where the places of each row end; shifted by one until they are filled in.
        var ends = [Int](repeating: 0, count: count + 1)
        for index in indices { ends[index + 1] += 1 }
        for index in 0..<count { ends[index + 1] += ends[index] }
        var places = [Int64](repeating: 0, count: indices.count)
        for (place, index) in indices.enumerated() {
            places[ends[index]] = Int64(place)
            ends[index] += 1
        }
        return Tensor(shape: [count, width]) { table in
            gradient.withElementPointer { gradient in
                places.withUnsafeBufferPointer { places in
                    forEachRowBlock(rows: count, width: width) { first, count in
                        for row in first..<first + count {
                            let begin = row == 0 ? 0 : ends[row - 1]
                            kernels.sumRows(
                                gradient, at: places.baseAddress! + begin, count: ends[row] - begin,
                                width: width, into: table.baseAddress! + row * width)
                        }
                    }
                }
            }
        }
    }
}

extension Embedding: Parameterized {
    /// `weight` `[count, width]`, unless it is stored in fewer bits.
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        guard case .float32(var shown) = table else {
            if case .stored(let stored) = table {
                body.note(UntrainableWeight(name: "weight", elementType: stored.elementType))
            }
            return
        }
        table = .float32(.zeros([0, 0]))  // `shown` alone holds the memory now, and can be changed in place
        defer { table = .float32(shown) }
        try visit(&shown, "weight", body)
    }
}
