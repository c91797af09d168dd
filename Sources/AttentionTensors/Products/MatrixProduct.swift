import CAttentionKernels

/// `a · b`, a matrix for each of the leading axes.
///
/// Strides say what is transposed, and nothing is copied whole: `x · Wᵀ` is
/// `matrixProduct(x, w.transposed(0, 1))`, a layer's input gradient `dy · W` is `matrixProduct(dy, w)`, and
/// its weight gradient `dyᵀ · x` is `matrixProduct(dy.transposed(0, 1), x)`. Every number is one chain of
/// multiply-adds in the order of k.
///
/// - Parameters:
///   - a: `[…, m, k]`, with any strides.
///   - b: `[k, n]`, the same for all of `a`, or `[…, k, n]` with the leading axes of `a`.
/// - Returns: `[…, m, n]`.
/// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
public func matrixProduct(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    let product = try unrecordedProduct(a, b)
    guard Tensor.isAnyWatched(a, b) else { return product }
    let (left, right) = (a.detached(), b.detached())
    return product.recorded(as: "matrix product", from: [a, b]) { gradient, needs throws(TensorError) in
        let da = needs[0] ? try unrecordedProduct(gradient, right.turned()) : nil
        // One b for many matrices is one product of all their rows.
        let isShared = right.rank == 2 && left.rank > 2
        let (rows, dy) = isShared ? (try left.allRows(), try gradient.allRows()) : (left, gradient)
        return [da, needs[1] ? try unrecordedProduct(rows.turned(), dy) : nil]
    }
}

private func unrecordedProduct(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    guard a.rank >= 2 else {
        throw .shapeMismatch(tensor: "left side of a matrix product", expected: "[…, m, k]", found: a.shape)
    }
    let (leading, m, k) = (Array(a.shape.dropLast(2)), a.shape[a.rank - 2], a.shape[a.rank - 1])
    guard b.rank >= 2, b.shape[b.rank - 2] == k, b.rank == 2 || Array(b.shape.dropLast(2)) == leading else {
        throw .shapeMismatch(
            tensor: "right side of a matrix product",
            expected: "[\(k), n] or [\((leading + [k]).map(String.init).joined(separator: ", ")), n]",
            found: b.shape)
    }
    let kernels = try Kernels.selected()
    let n = b.shape[b.rank - 1]
    return Tensor(shape: Shape(leading + [m, n])) { output in
        guard let c = output.baseAddress, !output.isEmpty else { return }
        if b.rank == 2, let rows = a.asRows() {
            return multiply(ProductRows(rows), ProductColumns(b), kernels, into: c)
        }
        let (left, right) = (a.matrices(), b.matrices())
        for (index, matrix) in left.enumerated() {
            multiply(
                ProductRows(matrix), ProductColumns(right.count == 1 ? right[0] : right[index]), kernels,
                into: c + index * m * n)
        }
    }
}

/// The sum over all rows of `x`: a bias's gradient.
///
/// - Parameter x: `[…, n]`.
/// - Returns: `[n]`. Sums of 64 rows in their order, added in their order.
/// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` for a scalar.
package func sumOfRows(_ x: Tensor) throws(TensorError) -> Tensor {
    guard x.rank >= 1 else {
        throw .shapeMismatch(tensor: "rows to be summed", expected: "[…, n]", found: x.shape)
    }
    let kernels = try Kernels.selected()
    let (x, width) = (x.contiguous(), x.shape[x.rank - 1])
    let rows = x.shape.dropLast().reduce(1, *)
    return Tensor(shape: [width]) { sums in
        guard let sums = sums.baseAddress, width > 0 else { return }
        x.withElementPointer { source in
            // Each piece is a run of columns, at least 64 and of 64 Ki numbers, so that a row's part is a few
            // cache lines.
            let pieces = max(min(width / 64, rows * width / 65_536, 4 * WorkerPool.current.threadCount), 1)
            let each = ((width + pieces - 1) / pieces + 15) / 16 * 16
            WorkerPool.current.run(count: (width + each - 1) / each) { piece, _ in
                let column = piece * each
                kernels.table.pointee.matmul.column_sums(
                    source + column, width, Int64(rows), Int64(min(each, width - column)), sums + column)
            }
        }
    }
}

/// C = A · B, block of k by block of k: the block's part of B is packed, and every piece of C takes it in.
private func multiply(
    _ a: ProductRows, _ b: ProductColumns, _ kernels: Kernels, into c: UnsafeMutablePointer<Float>
) {
    let n = b.columns
    let blocks = ProductBlocks(rows: a.rows, depth: b.depth, columns: n, kernels: kernels)
    let panels = (n + blocks.panelWidth - 1) / blocks.panelWidth
    MemoryPool.withFloats(panels * blocks.depthBlock * blocks.panelWidth) { packed in
        for depth in blocks.depthRanges {
            b.pack(rows: depth, kernels, into: packed)
            blocks.forEachPiece { rows, columns in
                a.withBlock(rows: rows, depth: depth, kernels) { block, stride in
                    var product = ak_product(
                        a: block, a_row: stride, panels: packed + columns.lowerBound * depth.count,
                        panel_stride: depth.count * blocks.panelWidth,
                        c: c + rows.lowerBound * n + columns.lowerBound, c_row: n, bias: nil,
                        m: Int64(rows.count), k: Int64(depth.count), n: Int64(columns.count),
                        continues: depth.lowerBound > 0 ? 1 : 0, activation: 0)
                    kernels.table.pointee.matmul.multiply(&product)
                }
            }
        }
    }
}

/// The left side of a product, `[m, k]`, read block by block. Rows that lie in one run are read in place; a
/// transposed matrix is turned, a block at a time.
private struct ProductRows {
    private let matrix: Tensor

    var rows: Int { matrix.shape[0] }

    init(_ matrix: Tensor) {
        self.matrix =
            matrix.hasUnitStride(axis: 1) || matrix.hasUnitStride(axis: 0) ? matrix : matrix.contiguous()
    }

    /// Calls `body` with the address and the row distance of a block.
    func withBlock(
        rows: Range<Int>, depth: Range<Int>, _ kernels: Kernels,
        _ body: (_ block: UnsafePointer<Float>, _ stride: Int) -> Void
    ) {
        let (rowStride, step) = (matrix.strides[0], matrix.strides[1])
        matrix.withElementPointer { source in
            let source = source + rows.lowerBound * rowStride + depth.lowerBound * step
            if matrix.hasUnitStride(axis: 1) { return body(source, rowStride) }
            // An odd number of vectors a row: rows a power of two apart would share a few sets of the cache.
            let lanes = kernels.laneWidth
            let vectors = (depth.count + lanes - 1) / lanes | 1
            MemoryPool.withFloats(rows.count * vectors * lanes) { block in
                kernels.table.pointee.pack_panel(
                    source, step, Int64(depth.count), Int64(rows.count), 1, nil, Int32(vectors), block)
                body(block, vectors * lanes)
            }
        }
    }
}

extension Tensor {
    fileprivate func turned() -> Tensor { transposed(rank - 2, rank - 1) }

    fileprivate func allRows() throws(TensorError) -> Tensor {
        try reshaped(to: [shape.dropLast().reduce(1, *), shape[rank - 1]])
    }

    /// All leading axes as one, where that needs no copy: many small matrices against one are one tall
    /// matrix.
    fileprivate func asRows() -> Tensor? {
        if rank == 2 { return self }
        guard isContiguous else { return nil }
        return try? reshaped(to: [shape.dropLast().reduce(1, *), shape[rank - 1]])
    }

    /// The matrices of the two last axes, in row-major order of the leading ones.
    fileprivate func matrices() -> [Tensor] {
        guard rank > 2 else { return [self] }
        return (0..<shape[0]).flatMap { selecting(axis: 0, $0).matrices() }
    }
}
