import AttentionTensors

/// A way to make one vector of a sequence from the vectors of its tokens.
public enum Pooling: String, Sendable, CaseIterable {
    /// The mean over the tokens.
    case mean
    /// The sum over the tokens divided by the root of their number.
    case meanSquareRootLength
    /// The first token's vector (BERT's [CLS]).
    case firstToken
    /// The last token's vector.
    case lastToken
    /// The largest value of each channel; its gradient goes to the first token that has it.
    case max
    /// The mean over the tokens in which the n-th token of a sequence, counted from 1, weighs n
    /// (arXiv:2202.08904).
    case weightedMean

    /// - Parameters:
    ///   - hidden: `[tokens, M]`, the sequences end to end.
    ///   - ranges: The range of each sequence.
    ///   - skipped: The number of tokens at the beginning of each sequence that are left out, such as a
    ///     prompt's. They count in the weights of ``weightedMean``.
    /// - Returns: `[sequences, M]`; zeros for a sequence of which nothing is left.
    /// - Throws: `TensorError.shapeMismatch`; `TensorError.invalidArgument` for a range outside the tokens or
    ///   a negative number of skipped ones.
    public func callAsFunction(
        _ hidden: Tensor, ranges: [Range<Int>], skipping skipped: Int = 0
    ) throws(TensorError) -> Tensor {
        guard hidden.rank == 2 else {
            throw .shapeMismatch(tensor: "vectors to pool", expected: "[tokens, M]", found: hidden.shape)
        }
        let (tokens, width) = (hidden.shape[0], hidden.shape[1])
        if let bad = ranges.first(where: { $0.lowerBound < 0 || $0.upperBound > tokens }) {
            throw .invalidArgument(
                "tokens \(bad.lowerBound)..<\(bad.upperBound) of \(tokens) cannot be pooled")
        }
        guard skipped >= 0 else {
            throw .invalidArgument("\(skipped) tokens cannot be left out of a pooling")
        }
        let ranges = ranges.map { $0.dropFirst(skipped) }
        let kernels = try Kernels.selected()
        let input = hidden.contiguous()
        let pooled = Tensor(shape: [ranges.count, width]) { output in
            output.initialize(repeating: 0)
            guard let output = output.baseAddress, width > 0 else { return }
            input.withElementPointer { input in
                forEachSequence(ranges, width) { sequence, range in
                    pool(
                        input + range.lowerBound * width, count: range.count, width, skipped: skipped,
                        into: output + sequence * width, kernels)
                }
            }
        }
        guard hidden.isWatched else { return pooled }
        let saved = self == .max ? input.detached() : nil
        return pooled.recorded(as: "pooling", from: hidden) { gradient in
            spread(gradient.contiguous(), ranges, skipped: skipped, tokens: tokens, input: saved)
        }
    }

    /// As ``callAsFunction(_:ranges:skipping:)``, of sequences that are padded at their ends.
    ///
    /// - Parameters:
    ///   - hidden: `[B, N, M]`
    ///   - lengths: The number of tokens of each sequence.
    /// - Returns: `[B, M]`
    /// - Throws: As ``callAsFunction(_:ranges:skipping:)``.
    public func callAsFunction(_ hidden: Tensor, lengths: [Int]) throws(TensorError) -> Tensor {
        guard hidden.rank == 3, hidden.shape[0] == lengths.count else {
            throw .shapeMismatch(
                tensor: "vectors to pool", expected: "[\(lengths.count), N, M]", found: hidden.shape)
        }
        let longest = hidden.shape[1]
        if let bad = lengths.first(where: { $0 < 0 || $0 > longest }) {
            throw .invalidArgument("\(bad) tokens of a sequence of \(longest) cannot be pooled")
        }
        let ranges = lengths.enumerated().map { $0 * longest..<$0 * longest + $1 }
        return try self(hidden.reshaped(to: [lengths.count * longest, hidden.shape[2]]), ranges: ranges)
    }

    private func pool(
        _ rows: UnsafePointer<Float>, count: Int, _ width: Int, skipped: Int,
        into result: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        switch self {
        case .firstToken: result.update(from: rows, count: width)
        case .lastToken: result.update(from: rows + (count - 1) * width, count: width)
        case .max:
            for channel in 0..<width {
                result[channel] = rows[Self.largest(rows + channel, count, width) * width + channel]
            }
        case .mean, .meanSquareRootLength:
            kernels.sumRows(rows, count: count, width: width, into: result)
            let divisor = divisor(count)
            for channel in 0..<width { result[channel] /= divisor }
        case .weightedMean:
            let weights = Self.weights(count, skipped: skipped)
            for (row, weight) in weights.enumerated() {
                for channel in 0..<width { result[channel] += weight * rows[row * width + channel] }
            }
        }
    }

    /// The gradient of `hidden` from that of its pooled sequences.
    private func spread(
        _ gradient: Tensor, _ ranges: [Range<Int>], skipped: Int, tokens: Int, input: Tensor?
    ) -> Tensor {
        let width = gradient.shape[1]
        var result = Tensor.zeros([tokens, width])
        guard width > 0 else { return result }
        result.withUnsafeMutableBuffer { result in
            gradient.withElementPointer { gradient in
                withOptionalPointer(input) { input in
                    // One after the other: ranges may overlap.
                    for (sequence, range) in ranges.enumerated() where !range.isEmpty {
                        spread(
                            gradient + sequence * width, count: range.count, width, skipped: skipped,
                            input: input.map { $0 + range.lowerBound * width },
                            into: result.baseAddress! + range.lowerBound * width)
                    }
                }
            }
        }
        return result
    }

    private func spread(
        _ gradient: UnsafePointer<Float>, count: Int, _ width: Int, skipped: Int,
        input: UnsafePointer<Float>?, into rows: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .firstToken: for channel in 0..<width { rows[channel] += gradient[channel] }
        case .lastToken: for channel in 0..<width { rows[(count - 1) * width + channel] += gradient[channel] }
        case .max:
            guard let input else { return }
            for channel in 0..<width {
                rows[Self.largest(input + channel, count, width) * width + channel] += gradient[channel]
            }
        case .mean, .meanSquareRootLength:
            let divisor = divisor(count)
            for row in 0..<count {
                for channel in 0..<width { rows[row * width + channel] += gradient[channel] / divisor }
            }
        case .weightedMean:
            let weights = Self.weights(count, skipped: skipped)
            for (row, weight) in weights.enumerated() {
                for channel in 0..<width { rows[row * width + channel] += gradient[channel] * weight }
            }
        }
    }

    /// The weights of the tokens after the first `skipped` ones, whose sum is 1.
    private static func weights(_ count: Int, skipped: Int) -> [Float] {
        let numbers = (0..<count).map { Double(skipped + 1 + $0) }
        let sum = numbers.reduce(0, +)
        return numbers.map { Float($0 / sum) }
    }

    private func divisor(_ count: Int) -> Float { self == .mean ? Float(count) : Float(count).squareRoot() }

    /// The first row that has the channel's largest number, or the first NaN.
    private static func largest(_ channel: UnsafePointer<Float>, _ count: Int, _ width: Int) -> Int {
        var best = 0
        for row in 1..<Swift.max(count, 1) {
            let (largest, next) = (channel[best * width], channel[row * width])
            if largest.isNaN { break }
            if !(largest >= next) { best = row }
        }
        return best
    }

    /// Calls `body` with every sequence that is not empty, on all threads if there is enough to do.
    private func forEachSequence(
        _ ranges: [Range<Int>], _ width: Int, _ body: (_ sequence: Int, _ range: Range<Int>) -> Void
    ) {
        let tokens = ranges.reduce(0) { $0 + $1.count }
        forEachRowBlock(rows: ranges.count, width: width * tokens / Swift.max(ranges.count, 1)) {
            first, count in
            for sequence in first..<first + count where !ranges[sequence].isEmpty {
                body(sequence, ranges[sequence])
            }
        }
    }
}
