import CAttentionKernels

/// Selection of the first values of an order until their weight reaches a bound. An order is a list of
/// numbers that are not negative, the greatest first: the weights themselves, or each value's closeness to a
/// mean.
extension LogitScan {
    /// Bins of neighbouring orders, by the bits of these.
    package struct Bins: Sendable {
        package static let count = Int(AK_SAMPLING_BINS)
        private let low: Int32
        private let shift: Int32

        /// Bins over the orders from `low` to `high`. Orders outside count in the first and in the last bin.
        package init(from low: Float, to high: Float) {
            self.low = Int32(bitPattern: low.bitPattern)
            let range = Int32(bitPattern: high.bitPattern) - self.low
            let digits = Int32.bitWidth - Int32(AK_SAMPLING_BINS - 1).leadingZeroBitCount
            shift = Int32(max(0, Int32.bitWidth - range.leadingZeroBitCount - digits))
        }

        fileprivate var numbers: (low: Int32, shift: Int32) { (low, shift) }

        /// The orders of a bin, both ends included.
        package func orders(of bin: Int) -> (low: Float, high: Float) {
            func bits(_ bin: Int) -> UInt32 {
                UInt32(min(Int(low) + bin << Int(shift), Int(Float.infinity.bitPattern) + 1))
            }
            return (
                bin == 0 ? 0 : Float(bitPattern: bits(bin)),
                bin == Self.count - 1 ? .infinity : Float(bitPattern: bits(bin + 1) - 1)
            )
        }
    }

    /// The weight of each bin's values whose order is at least `floor`.
    ///
    /// - Precondition: There is an order for each weight.
    package func sums(
        of weights: UnsafeBufferPointer<Float>, orderedBy order: UnsafeBufferPointer<Float>,
        from floor: Float,
        in bins: Bins
    ) -> [Double] {
        precondition(order.count == weights.count, "\(order.count) orders of \(weights.count) weights")
        return [Double](unsafeUninitializedCapacity: Bins.count) { sums, count in
            count = Bins.count
            let (low, shift) = bins.numbers
            guard let order = order.baseAddress, let first = weights.baseAddress else {
                return sums.initialize(repeating: 0)
            }
            kernels.table.pointee.sampling.bins(
                order, first, Int64(weights.count), floor, low, shift, sums.baseAddress)
        }
    }

    /// Keeps the weights whose order comes before `boundary`, or equals it up to place `last`, and makes the
    /// others 0.
    ///
    /// - Parameter order: May be the weights themselves.
    /// - Returns: The sum of each block after that.
    /// - Precondition: There is an order for each weight.
    package func keep(
        _ weights: UnsafeMutableBufferPointer<Float>, orderedBy order: UnsafeBufferPointer<Float>,
        boundary: Float, last: Int32 = .max
    ) -> [Float] {
        precondition(order.count == weights.count, "\(order.count) orders of \(weights.count) weights")
        guard let order = order.baseAddress, let first = weights.baseAddress else { return [] }
        return [Float](unsafeUninitializedCapacity: blocks(weights.count)) { sums, count in
            count = blocks(weights.count)
            kernels.table.pointee.sampling.keep(
                order, first, Int64(weights.count), boundary, last, sums.baseAddress)
        }
    }

    /// With d = scale · (maximum − value), the sums of the weights w and of w d.
    package func information(
        of values: UnsafeBufferPointer<Float>, weights: UnsafeBufferPointer<Float>, maximum: Float,
        scale: Float
    ) -> (weight: Double, information: Double) {
        precondition(values.count == weights.count, "\(values.count) values of \(weights.count) weights")
        guard let address = values.baseAddress, let first = weights.baseAddress else { return (0, 0) }
        var (weight, information) = (0.0, 0.0)
        kernels.table.pointee.sampling.information(
            address, first, Int64(values.count), maximum, scale, &weight, &information)
        return (weight, information)
    }

    /// An order by closeness: values whose d = scale · (maximum − value) is closest to `mean` come first.
    package func closeness(
        of values: UnsafeBufferPointer<Float>, maximum: Float, scale: Float, to mean: Float
    ) -> [Float] {
        guard let address = values.baseAddress, !values.isEmpty else { return [] }
        return [Float](unsafeUninitializedCapacity: values.count) { order, count in
            count = values.count
            kernels.table.pointee.sampling.closeness(
                address, Int64(values.count), maximum, scale, mean, order.baseAddress)
        }
    }

    /// The order of a value at a distance from the mean; see ``closeness(of:maximum:scale:to:)``.
    package static func closeness(atDistance distance: Float) -> Float {
        Float(bitPattern: Float.infinity.bitPattern - distance.bitPattern)
    }
}
