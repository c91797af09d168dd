import AttentionTensors

/// A bias of the scores, added before the softmax.
public struct AttentionBias: Sendable {
    /// `[Nq, Nk]`, `[Hq, Nq, Nk]` or `[B, Hq, Nq, Nk]`; an extent of 1 for B, Hq or Nq serves all of them.
    ///
    /// A bias below −2.35·10³⁸, which is −∞ and the −3.4·10³⁸ that often stands for it, masks.
    public let additive: Tensor?
    /// `[Hq]`: each query head's slope of ALiBi.
    public let slopes: Tensor?
    /// A bias by buckets of distances.
    public let relative: RelativePositionBias?

    init(additive: Tensor? = nil, slopes: Tensor? = nil, relative: RelativePositionBias? = nil) {
        (self.additive, self.slopes, self.relative) = (additive, slopes, relative)
    }

    /// No bias.
    public static let none = AttentionBias()

    /// Adds the elements of `tensor`.
    public static func additive(_ tensor: Tensor) -> AttentionBias {
        AttentionBias(additive: tensor)
    }

    /// ALiBi (arXiv:2108.12409): adds −slope · |query position − key position|, a slope for each query head.
    /// Distances are float32, exact up to 2²⁴.
    public static func alibi(slopes: [Float]) -> AttentionBias {
        .alibi(
            slopes: Tensor(shape: [slopes.count]) { _ = $0.initialize(fromContentsOf: slopes) })
    }

    /// ALiBi with slopes `[Hq]`, which may be learnt.
    public static func alibi(slopes: Tensor) -> AttentionBias {
        AttentionBias(slopes: slopes)
    }

    /// ALiBi with the paper's slopes: the geometric sequence 2^(−8/n), 2^(−16/n), … for n a power of two; in
    /// between, that of the power below followed by every other one of twice as many heads.
    public static func alibi(heads: Int) -> AttentionBias {
        precondition(heads > 0, "ALiBi for \(heads) heads")
        let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
        func slopes(_ count: Int) -> [Float] { (1...count).map { Float.exp2(-8 * Float($0) / Float(count)) } }
        let between = stride(from: 0, to: 2 * power, by: 2).map { slopes(2 * power)[$0] }
        return .alibi(slopes: slopes(power) + between.prefix(heads - power))
    }

    /// T5's bias (arXiv:1910.10683): adds a learnt number for each head and bucket of distances.
    public static func relative(_ bias: RelativePositionBias) -> AttentionBias {
        AttentionBias(relative: bias)
    }

    /// Biases of different kinds together.
    ///
    /// - Throws: `TensorError.invalidArgument` for two of one kind.
    public static func + (first: AttentionBias, second: AttentionBias) throws(TensorError) -> AttentionBias {
        guard first.additive == nil || second.additive == nil, first.slopes == nil || second.slopes == nil,
            first.relative == nil || second.relative == nil
        else {
            throw .invalidArgument(
                "two biases of one kind: add the tensors, the slopes or the tables first")
        }
        return AttentionBias(
            additive: first.additive ?? second.additive, slopes: first.slopes ?? second.slopes,
            relative: first.relative ?? second.relative)
    }

    /// The slopes of `heads` heads.
    ///
    /// - Throws: `TensorError` if there are more or fewer, or if one is not finite.
    package func slopes(heads: Int) throws(TensorError) -> [Float]? {
        guard let slopes else { return nil }
        guard slopes.rank == 1 else {
            throw .shapeMismatch(tensor: "ALiBi slopes", expected: "[\(heads)]", found: slopes.shape)
        }
        guard slopes.elementCount == heads else {
            throw .invalidArgument("\(slopes.elementCount) ALiBi slopes for \(heads) heads")
        }
        let scalars = slopes.scalars
        if let slope = scalars.first(where: { !$0.isFinite }) {
            throw .invalidArgument("an ALiBi slope of \(slope); it must be finite")
        }
        return scalars
    }

    /// The bias by distance of `heads` heads, laid out for positions that are at most `longest` apart.
    ///
    /// - Throws: `TensorError` if there are more or fewer heads, or if a number is not finite.
    func distances(heads: Int, longest: Int) throws(TensorError) -> DistanceRows? {
        guard let relative else { return nil }
        guard relative.table.shape[1] == heads else {
            throw .shapeMismatch(
                tensor: "table of relative positions", expected: "[\(relative.buckets), \(heads)]",
                found: relative.table.shape)
        }
        if let number = relative.table.scalars.first(where: { !$0.isFinite }) {
            throw .invalidArgument("a bias of \(number) in a table of relative positions; it must be finite")
        }
        return DistanceRows(relative, longest: longest)
    }

    /// The bias as a view of `[B, Hq, Nq, Nk]`, extents of 1 repeated by a stride of 0.
    ///
    /// - Throws: `TensorError.shapeMismatch` or `.invalidArgument` if it does not fit `extent`.
    package func view(for extent: AttentionExtent) throws(TensorError) -> Tensor? {
        guard let additive else { return nil }
        let full = [extent.batch, extent.heads, extent.queries, extent.keys]
        let lead = 4 - additive.rank
        let fits =
            lead >= 0 && lead <= 2 && additive.shape.last == extent.keys
            && zip(additive.shape, full[max(lead, 0)...]).allSatisfy { $0 == $1 || $0 == 1 }
        guard fits else {
            throw .shapeMismatch(
                tensor: "attention bias", expected: "\(Shape(full)), leading extents 1 or absent",
                found: additive.shape)
        }
        let source = additive.strides[additive.rank - 1] == 1 ? additive : additive.contiguous()
        let strides =
            [Int](repeating: 0, count: lead)
            + zip(source.shape, source.strides).map { $0 == 1 ? 0 : $1 }
        return Tensor(
            shape: Shape(full), strides: strides.dropLast() + [1], offset: source.offset,
            storage: source.storage)
    }
}
