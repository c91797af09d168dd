import CAttentionKernels

/// The right side of a product, `[k, n]`, for packing into panels of columns. Contiguous rows are copied,
/// contiguous columns (a transposed weight) are transposed in registers; any other matrix is first made
/// contiguous.
struct ProductColumns {
    private let matrix: Tensor

    var depth: Int { matrix.shape[0] }
    var columns: Int { matrix.shape[1] }

    /// - Precondition: `matrix` has rank 2.
    init(_ matrix: Tensor) {
        self.matrix =
            matrix.hasUnitStride(axis: 0) || matrix.hasUnitStride(axis: 1) ? matrix : matrix.contiguous()
    }

    /// Writes `rows` of the matrix as panels, `[⌈n / panel⌉][rows][panel]`, on the threads of the current
    /// pool.
    func pack(rows: Range<Int>, _ kernels: Kernels, into panels: UnsafeMutablePointer<Float>) {
        let (isRowMajor, rowStride, columnStride) = (
            matrix.hasUnitStride(axis: 1), matrix.strides[0], matrix.strides[1]
        )
        matrix.withElementPointer { source in
            let source = source + rows.lowerBound * rowStride
            // Copying is memory's work more than the processor's: a thread for every 2¹⁵ numbers.
            ProductBlocks(rows: 4, depth: rows.count, columns: columns, kernels: kernels).forEachPanel {
                panel, columns in
                let from = source + columns.lowerBound * columnStride
                let to = panels + panel * rows.count * kernels.panelWidth
                if isRowMajor {
                    kernels.table.pointee.matmul.copy_panel(
                        from, rowStride, Int64(rows.count), Int64(columns.count), to)
                } else {
                    kernels.table.pointee.pack_panel(
                        from, columnStride, Int64(columns.count), Int64(rows.count), 1, nil,
                        Int32(kernels.maxVectors), to)
                }
            }
        }
    }
}

extension Tensor {
    /// Whether neighbours along `axis` lie side by side.
    func hasUnitStride(axis: Int) -> Bool { strides[axis] == 1 || shape[axis] <= 1 }
}
