import AttentionTensors

/// The largest absolute difference of two tensors of one shape; infinite if the shapes differ, or if one is
/// not a number where the other is.
public func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    return Float(largestError(a, b.scalars.map { Double($0) }))
}

/// The largest absolute error of `found` against `expected`, in row-major order; infinite if the counts
/// differ, or if one is not a number where the other is. Equal infinities agree.
public func largestError(_ found: Tensor, _ expected: [Double]) -> Double {
    let found = found.scalars
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { largest, pair in
        let (a, b) = (Double(pair.0), pair.1)
        if a == b || (a.isNaN && b.isNaN) { return largest }
        let error = abs(a - b)
        return error.isNaN ? .infinity : max(largest, error)
    }
}

/// The allowed difference of a result from float64: twice the error of PyTorch's own float32, and one unit in
/// the last place of the largest number, for cases in which PyTorch happens to be exact.
public func tolerance(float32Error: Double, of expected: [Double]) -> Double {
    let largest = expected.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    return 2 * float32Error + Double(Float(largest).ulp)
}

/// Whether two tensors are the same to the bit.
public func areBitwiseEqual(_ a: Tensor, _ b: Tensor) -> Bool {
    a.shape == b.shape && zip(a.scalars, b.scalars).allSatisfy { $0.bitPattern == $1.bitPattern }
}

extension Tensor {
    /// The tensor with another number wherever `isReplaced` says so, told each element's place in row-major
    /// order.
    public func replacing(with value: Float, where isReplaced: (_ index: Int) -> Bool) -> Tensor {
        var copy = self
        copy.withUnsafeMutableBuffer { elements in
            for index in elements.indices where isReplaced(index) { elements[index] = value }
        }
        return copy
    }
}

extension Tensor {
    /// The index of the largest number of a row; the first of equal ones.
    public func indexOfLargest(inRow row: Int) -> Int {
        let scalars = sliced(axis: 0, row..<row + 1).scalars
        return scalars.firstIndex(of: scalars.max()!)!
    }
}
