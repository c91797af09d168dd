import AttentionTensors

/// How the vectors of a sequence's tokens become one vector of the sequence.
public enum Pooling: String, Sendable, CaseIterable {
    /// The mean over the tokens.
    case mean
    /// The sum over the tokens divided by the root of their number.
    case meanSquareRootLength
    /// The first token's vector (BERT's [CLS]).
    case firstToken
    /// The last token's vector.
    case lastToken
    /// The largest value of each channel.
    case max

    /// - Parameters:
    ///   - hidden: `[tokens, M]`, the sequences end to end.
    ///   - ranges: Where each sequence lies.
    /// - Returns: `[sequences, M]`; zeros for an empty sequence.
    public func callAsFunction(_ hidden: Tensor, ranges: [Range<Int>]) -> Tensor {
        let width = hidden.shape[1]
        return Tensor(shape: [ranges.count, width]) { output in
            output.initialize(repeating: 0)
            hidden.contiguous().withUnsafeBuffer { hidden in
                for (sequence, range) in ranges.enumerated() where !range.isEmpty && width > 0 {
                    let result = UnsafeMutableBufferPointer(
                        rebasing: output[sequence * width..<(sequence + 1) * width])
                    pool(
                        UnsafeBufferPointer(
                            rebasing: hidden[range.lowerBound * width..<range.upperBound * width]),
                        into: result)
                }
            }
        }
    }

    private func pool(_ rows: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Float>) {
        let width = result.count
        let count = rows.count / width
        switch self {
        case .firstToken: for channel in 0..<width { result[channel] = rows[channel] }
        case .lastToken: for channel in 0..<width { result[channel] = rows[(count - 1) * width + channel] }
        case .max:
            for channel in 0..<width { result[channel] = rows[channel] }
            for row in 1..<Swift.max(count, 1) {
                for channel in 0..<width {
                    let (largest, next) = (result[channel], rows[row * width + channel])
                    result[channel] = largest >= next || largest.isNaN ? largest : next  // NaN stays
                }
            }
        case .mean, .meanSquareRootLength:
            for row in 0..<count {
                for channel in 0..<width { result[channel] += rows[row * width + channel] }
            }
            let divisor = self == .mean ? Float(count) : Float(count).squareRoot()
            for channel in 0..<width { result[channel] /= divisor }
        }
    }
}
