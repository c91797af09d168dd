import CAttentionKernels

extension Kernels {
    /// `out[width]` ← the sum of `count` rows, in their order, or in that of `indices` where those are given.
    package func sumRows(
        _ rows: UnsafePointer<Float>, at indices: UnsafePointer<Int64>? = nil, count: Int, width: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.operations.sum_rows(rows, width, indices, Int64(count), Int64(width), out)
    }
}
