import AttentionTensors

/// A table of vectors, one for each token, position or segment.
public struct Embedding: Sendable {
    /// The number of vectors: V for tokens.
    public let count: Int
    /// M
    public let width: Int
    private var table: Tensor

    /// - Parameter table: `[count, width]`
    /// - Throws: `TensorError.shapeMismatch` unless it is a matrix.
    public init(_ table: Tensor) throws(TensorError) {
        guard table.rank == 2 else {
            throw .shapeMismatch(tensor: "embedding", expected: "[count, width]", found: table.shape)
        }
        self.table = table.contiguous()
        count = table.shape[0]
        width = table.shape[1]
    }

    /// Reads `weight` from `source`.
    public init(count: Int, width: Int, from source: some WeightSource) throws {
        try self.init(source.tensor("weight", shape: [count, width]))
    }

    /// The vectors of `indices`, `[indices, width]`.
    ///
    /// - Throws: `TensorError.invalidArgument` for an index that the table does not have.
    public func callAsFunction(_ indices: [Int], what: String = "token id") throws(TensorError) -> Tensor {
        if let bad = indices.first(where: { $0 < 0 || $0 >= count }) {
            throw .invalidArgument("\(what) \(bad) is outside the model's \(count) (0 to \(count - 1))")
        }
        return Tensor(shape: [indices.count, width]) { rows in
            table.withUnsafeBuffer { table in
                for (row, index) in indices.enumerated() {
                    let target = UnsafeMutableBufferPointer(rebasing: rows[row * width..<(row + 1) * width])
                    let source = UnsafeBufferPointer(rebasing: table[index * width..<(index + 1) * width])
                    _ = target.initialize(fromContentsOf: source)
                }
            }
        }
    }
}

extension Embedding: Parameterized {
    /// `weight` `[count, width]`.
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&table, "weight", body)
    }
}
