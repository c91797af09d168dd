import AttentionTensors
import CAttentionKernels

/// The addresses of the keys and values of one sequence: in the pages of a cache, or in tensors, which are
/// one long page. The owner of that memory must keep it alive.
package struct CachedRows {
    let type: ak_cache_type
    /// Elements of a row as the kernels see it, padding included.
    let keyWidth, valueWidth: Int
    private let pageLength: Int
    /// The first position that is there, and the number of its page.
    let first: Int
    private let firstPage: Int
    /// The first row of each page's head 0.
    private let keyPages, valuePages: [UnsafeMutableRawPointer]
    /// Distances in bytes.
    private let keyHead, keyRow, valueHead, valueRow: Int

    /// A sequence of a cache.
    init(_ layout: KeyValueLayout, pageLength: Int, _ sequence: KeyValueCache.Sequence) {
        type = layout.storage.kernelValue
        keyWidth = KeyValueStorage.paddedWidth(layout.keyWidth)
        valueWidth = KeyValueStorage.paddedWidth(layout.valueWidth)
        self.pageLength = pageLength
        first = sequence.first
        firstPage = first / pageLength
        (keyRow, valueRow) = (layout.keyRowBytes, layout.valueRowBytes)
        (keyHead, valueHead) = (pageLength * keyRow, pageLength * valueRow)
        let valueOffset = layout.heads * keyHead
        keyPages = sequence.pages.map { $0.storage.baseAddress }
        valuePages = keyPages.map { $0 + valueOffset }
    }

    /// Rows of tensors `[B, Hkv, Nk, …]`.
    ///
    /// - Parameters:
    ///   - key, value: The addresses of the batch element's first rows.
    init(
        key: UnsafePointer<Float>, _ keyTensor: Tensor, value: UnsafePointer<Float>, _ valueTensor: Tensor
    ) {
        type = AK_ROWS
        (keyWidth, valueWidth) = (keyTensor.shape[3], valueTensor.shape[3])
        pageLength = .max
        (first, firstPage) = (0, 0)
        // Only read; the kernels' one type of run serves writing too.
        keyPages = [UnsafeMutableRawPointer(mutating: key)]
        valuePages = [UnsafeMutableRawPointer(mutating: value)]
        let size = MemoryLayout<Float>.stride
        (keyHead, keyRow) = (keyTensor.strides[1] * size, keyTensor.strides[2] * size)
        (valueHead, valueRow) = (valueTensor.strides[1] * size, valueTensor.strides[2] * size)
    }

    /// How many of `keys` lie side by side from the first one on.
    func contiguousCount(_ keys: Range<Int>) -> Int {
        min(keys.count, pageLength - keys.lowerBound % pageLength)
    }

    /// Keys that lie in one page.
    func keys(_ range: Range<Int>, head: Int) -> ak_cache_run {
        let place =
            keyPages[range.lowerBound / pageLength - firstPage] + head * keyHead
            + range.lowerBound % pageLength * keyRow
        return ak_cache_run(
            type: type, position: 0, count: Int32(range.count), width: Int64(keyWidth), data: place,
            stride: keyRow)
    }

    /// Values that lie in one page.
    func values(_ range: Range<Int>, head: Int) -> ak_cache_run {
        let place =
            valuePages[range.lowerBound / pageLength - firstPage] + head * valueHead
            + range.lowerBound % pageLength * valueRow
        return ak_cache_run(
            type: type, position: 0, count: Int32(range.count), width: Int64(valueWidth), data: place,
            stride: valueRow)
    }

    /// Calls `body` for each part of `keys` that lies side by side.
    func forEachRun(_ keys: Range<Int>, _ body: (Range<Int>) -> Void) {
        var first = keys.lowerBound
        while first < keys.upperBound {
            let count = contiguousCount(first..<keys.upperBound)
            body(first..<first + count)
            first += count
        }
    }
}

extension CachedRows {
    /// A block of keys and values of one head as float32 rows without gaps.
    func read(
        _ range: Range<Int>, head: Int, _ kernels: Kernels, keys: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>, _ problem: AttentionProblem
    ) {
        forEachRun(range) { part in
            let done = part.lowerBound - range.lowerBound
            var (keyRun, valueRun) = (self.keys(part, head: head), self.values(part, head: head))
            let (keyWidth, valueWidth) = (problem.headWidth, problem.valueWidth)
            kernels.table.pointee.decode.read_rows(
                &keyRun, Int64(keyWidth), keys + done * keyWidth, keyWidth)
            kernels.table.pointee.decode.read_rows(
                &valueRun, Int64(valueWidth), values + done * valueWidth, valueWidth)
        }
    }

    /// 1 / ‖k‖ of some keys of one head.
    func writeInverseNorms(
        _ range: Range<Int>, head: Int, _ kernels: Kernels, to norms: UnsafeMutablePointer<Float>
    ) {
        forEachRun(range) { part in
            var run = keys(part, head: head)
            kernels.table.pointee.decode.inverse_norms(&run, norms + (part.lowerBound - range.lowerBound))
        }
    }
}
