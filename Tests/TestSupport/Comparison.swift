import AttentionTensors

/// The largest absolute difference of two tensors of one shape; infinite if the shapes differ, or if one is not
/// a number where the other is.
public func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.scalars, b.scalars).reduce(0) { largest, pair in
        if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return largest }
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}

/// Whether two tensors are the same to the bit.
public func areBitwiseEqual(_ a: Tensor, _ b: Tensor) -> Bool {
    a.shape == b.shape && zip(a.scalars, b.scalars).allSatisfy { $0.bitPattern == $1.bitPattern }
}
