import CAttentionKernels

/// Passes over the logits of a vocabulary for the choice of a token, on one thread. They give the same bits
/// on every instruction set.
package struct LogitScan: Sendable {
    let kernels: Kernels

    /// The number of tokens of a block, which has a maximum and a sum of its own.
    package static let block = Int(AK_SAMPLING_BLOCK)

    /// - Throws: ``TensorError/instructionSetUnavailable(requested:available:)``.
    package init() throws(TensorError) { kernels = try Kernels.selected() }

    func blocks(_ count: Int) -> Int { (count + Self.block - 1) / Self.block }

    /// The greatest of all, nil if one is NaN or +∞, and the greatest of each block.
    package func maxima(
        of values: UnsafeBufferPointer<Float>
    ) -> (greatest: Float?, ofBlocks: [Float]) {
        guard let address = values.baseAddress, !values.isEmpty else { return (-.infinity, []) }
        var greatest = Float.nan
        let ofBlocks = [Float](unsafeUninitializedCapacity: blocks(values.count)) { maxima, count in
            count = blocks(values.count)
            greatest = kernels.table.pointee.sampling.maxima(
                address, Int64(values.count), maxima.baseAddress)
        }
        return (greatest.isNaN ? nil : greatest, ofBlocks)
    }

    /// exp(scale · (value − maximum)) of each value: their sums over each block.
    ///
    /// - Parameter weights: Where the exponentials themselves are written, one for each value; nil: nowhere.
    package func weigh(
        _ values: UnsafeBufferPointer<Float>, maximum: Float, scale: Float,
        into weights: UnsafeMutablePointer<Float>?
    ) -> [Float] {
        guard let address = values.baseAddress, !values.isEmpty else { return [] }
        return [Float](unsafeUninitializedCapacity: blocks(values.count)) { sums, count in
            count = blocks(values.count)
            kernels.table.pointee.sampling.weigh(
                address, Int64(values.count), maximum, scale, weights, sums.baseAddress)
        }
    }

    /// The places of the values from `low` to `high`, ascending.
    package func places(
        of values: UnsafeBufferPointer<Float>, from low: Float, through high: Float = .infinity
    ) -> [Int32] {
        guard let address = values.baseAddress, !values.isEmpty else { return [] }
        return [Int32](unsafeUninitializedCapacity: values.count) { places, count in
            count = Int(
                kernels.table.pointee.sampling.between(
                    address, Int64(values.count), low, high, places.baseAddress))
        }
    }
}
