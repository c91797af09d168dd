import AttentionTensors
import CAttentionKernels

/// The cosines and sines by which ``RotaryEmbedding`` turns the channels of some positions.
public struct RotaryAngles: Sendable {
    /// `[positions, pairs]`
    public let cosines, sines: Tensor
    /// Which channels turn together.
    public let pairing: RotaryEmbedding.Pairing

    /// Angles from somewhere else, such as a file's tables.
    ///
    /// - Parameters:
    ///   - cosines: `[positions, pairs]`
    ///   - sines: `[positions, pairs]`
    ///   - pairing: Which channels form a pair.
    /// - Throws: `TensorError.shapeMismatch`; `TensorError.noGradient` for tables that are watched: angles
    ///   are constants.
    public init(
        cosines: Tensor, sines: Tensor, pairing: RotaryEmbedding.Pairing
    ) throws(TensorError) {
        guard cosines.rank == 2 else {
            throw .shapeMismatch(
                tensor: "rotary cosines", expected: "[positions, pairs]", found: cosines.shape)
        }
        guard sines.shape == cosines.shape else {
            throw .shapeMismatch(tensor: "rotary sines", expected: "\(cosines.shape)", found: sines.shape)
        }
        guard !Tensor.isAnyWatched(cosines, sines) else { throw .noGradient(tensor: "rotary angles") }
        self.init(checkedCosines: cosines.contiguous(), sines: sines.contiguous(), pairing: pairing)
    }

    init(checkedCosines cosines: Tensor, sines: Tensor, pairing: RotaryEmbedding.Pairing) {
        self.cosines = cosines
        self.sines = sines
        self.pairing = pairing
    }

    /// `x` with the first channels of each row turned by the angle of its position.
    ///
    /// - Parameter x: `[B, H, N, D]` with any strides; there are angles for N positions, or for B·N.
    /// - Returns: `[B, H, N, D]`. In memory, axes keep the order that they have in `x`.
    /// - Throws: `TensorError.shapeMismatch`.
    public func turned(_ x: consuming Tensor) throws(TensorError) -> Tensor {
        try turn(&x)
        return x
    }

    /// Turns `x` in place if no other tensor shares its memory, and makes a turned copy otherwise.
    ///
    /// - Parameter x: As for ``turned(_:)``.
    /// - Throws: `TensorError.shapeMismatch`.
    public func turn(_ x: inout Tensor) throws(TensorError) {
        try check(x)
        let kernels = try Kernels.selected()
        let node = x.gradientNode
        rotate(&x, direction: 1, kernels)
        guard let node else { return }
        // A rotation's transpose is the rotation back.
        x = x.recorded(as: "rotary positions", from: node) { gradient in
            rotate(&gradient, direction: -1, kernels)
            return gradient
        }
    }

    private func check(_ x: Tensor) throws(TensorError) {
        let (positions, channels) = (cosines.shape[0], 2 * cosines.shape[1])
        guard x.rank == 4, x.shape[3] >= channels,
            positions == x.shape[2] || positions == x.shape[0] * x.shape[2]
        else {
            throw .shapeMismatch(
                tensor: "input of rotary positions",
                expected: "[B, H, N, at least \(channels)] with N or B·N = \(positions)", found: x.shape)
        }
    }

    private func rotate(_ x: inout Tensor, direction: Float, _ kernels: Kernels) {
        guard x.elementCount > 0 else { return }
        if x.strides[3] != 1 && x.shape[3] != 1 { x = x.contiguous() }
        let (shape, strides) = (x.shape, x.strides)
        let isSpread = zip(shape, strides).contains { $0 > 1 && $1 == 0 }  // rows that share memory
        if x.isUnshared() && !isSpread {
            return x.withUnsharedElementPointer {
                rotate(UnsafePointer($0), strides, into: $0, strides, shape, direction, kernels)
            }
        }
        // Heads of one position are neighbours where they come from a linear layer.
        let headsInside = strides[1] < strides[2]
        let order = headsInside ? [shape[0], shape[2], shape[1], shape[3]] : shape.extents
        var result = Tensor(shape: Shape(order)) { _ in }
        if headsInside { result = result.transposed(1, 2) }
        let resultStrides = result.strides
        result.withUnsharedElementPointer { out in
            x.withElementPointer { rotate($0, strides, into: out, resultStrides, shape, direction, kernels) }
        }
        x = result
    }

    /// Turns blocks of positions, all heads of them, on all threads.
    private func rotate(
        _ x: UnsafePointer<Float>, _ strides: [Int], into out: UnsafeMutablePointer<Float>,
        _ outStrides: [Int], _ shape: Shape, _ direction: Float, _ kernels: Kernels
    ) {
        let (positions, pairs) = (shape[2], cosines.shape[1])
        let isShared = cosines.shape[0] == positions
        cosines.withElementPointer { cosines in
            sines.withElementPointer { sines in
                forEachRowBlock(rows: shape[0] * positions, width: shape[1] * shape[3]) { first, count in
                    var row = first
                    while row < first + count {
                        // The part of the block that lies in one batch element.
                        let (batch, position) = row.quotientAndRemainder(dividingBy: positions)
                        let rows = min(positions - position, first + count - row)
                        let angle = (isShared ? position : row) * pairs
                        var part = ak_rotation(
                            x: x + batch * strides[0] + position * strides[2],
                            out: out + batch * outStrides[0] + position * outStrides[2],
                            x_position: strides[2], x_head: strides[1], out_position: outStrides[2],
                            out_head: outStrides[1], positions: Int64(rows), heads: Int64(shape[1]),
                            width: Int64(shape[3]), pairs: Int64(pairs), cosines: cosines + angle,
                            sines: sines + angle, table_row: pairs,
                            interleaved: pairing == .interleaved ? 1 : 0, direction: direction)
                        kernels.table.pointee.operations.rotate(&part)
                        row += rows
                    }
                }
            }
        }
    }
}
