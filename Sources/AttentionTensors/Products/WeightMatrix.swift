/// A weight `[outputs, inputs]` in the form in which it is multiplied. Which one follows from how it is stored, and
/// there is never more than one of them in memory.
package enum WeightMatrix: Sendable {
    /// float32, packed once.
    case packed(PackedMatrix)
    /// float16 or bfloat16, used where it lies: in a mapped file, say.
    case half(HalfMatrix)
    /// One of GGUF's block types, laid out once for the instruction set. Inputs are rounded to 8 bits, 32 to a scale.
    case blocks(BlockMatrix)

    /// The most rows that a decoder's steps have: each weight is read once for all of them, and memory decides.
    static let mostRowsOfStep = 8

    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix.
    package init(_ weight: Tensor) throws(TensorError) { self = .packed(try PackedMatrix(weight)) }

    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless it is a matrix;
    ///   ``TensorError/unsupportedElementType(tensor:found:)`` unless it holds numbers.
    package init(_ weight: StoredTensor) throws(TensorError) {
        guard weight.shape.rank == 2 else {
            throw .shapeMismatch(tensor: weight.name, expected: "[outputs, inputs]", found: weight.shape)
        }
        switch weight.elementType {
        case .float16, .bfloat16: self = .half(try HalfMatrix(weight))
        default:
            if let format = weight.elementType.blockFormat {
                self = .blocks(try BlockMatrix(weight, format: format))
            } else {
                self = .packed(try PackedMatrix(weight.float32()))
                weight.releasePages()
            }
        }
    }

    package var inputs: Int {
        switch self {
        case .packed(let matrix): matrix.inputs
        case .half(let matrix): matrix.inputs
        case .blocks(let matrix): matrix.inputs
        }
    }

    package var outputs: Int {
        switch self {
        case .packed(let matrix): matrix.outputs
        case .half(let matrix): matrix.outputs
        case .blocks(let matrix): matrix.outputs
        }
    }

    /// The matrix as float32, `[outputs, inputs]`.
    package func unpacked() throws(TensorError) -> Tensor {
        switch self {
        case .packed(let matrix): try matrix.unpacked()
        case .half(let matrix): try matrix.float32()
        case .blocks(let matrix): try matrix.float32()
        }
    }

    /// `act(x · Wᵀ + bias)` for the rows of `x`. A row's bits do not depend on the other rows.
    ///
    /// - Parameters:
    ///   - x: `[…, inputs]`, with any leading axes.
    ///   - bias: `[outputs]`, or nil.
    /// - Returns: `[…, outputs]`.
    package func product(_ x: Tensor, bias: Tensor?, activation: Activation) throws(TensorError) -> Tensor {
        switch self {
        case .packed(let matrix): try matrix.product(x, bias: bias, activation: activation)
        case .half(let matrix): try matrix.product(x, bias: bias, activation: activation)
        case .blocks(let matrix): try matrix.product(x, bias: bias, activation: activation)
        }
    }
}

/// Makes the output of a layer: checks the input, and calls `body` with its rows, the bias and the output's memory.
func layerOutput(
    _ x: Tensor, inputs: Int, outputs: Int, bias: Tensor?,
    _ body: (
        _ x: UnsafePointer<Float>, _ rows: Int, _ bias: UnsafePointer<Float>?,
        _ y: UnsafeMutablePointer<Float>
    ) -> Void
) throws(TensorError) -> Tensor {
    guard x.rank >= 1, x.shape[x.rank - 1] == inputs else {
        throw .shapeMismatch(tensor: "input of a linear layer", expected: "[…, \(inputs)]", found: x.shape)
    }
    let x = x.contiguous()
    let rows = x.shape.dropLast().reduce(1, *)
    var extents = x.shape.extents
    extents[x.rank - 1] = outputs
    return Tensor(shape: Shape(extents)) { output in
        guard let y = output.baseAddress, rows > 0, outputs > 0 else { return }
        x.withElementPointer { x in withOptionalPointer(bias) { bias in body(x, rows, bias, y) } }
    }
}

/// Runs `body` over rows × outputs in pieces: at most `tallest` rows and `widest` outputs, a multiple of `step`, and
/// enough of them for every thread of the current pool.
func forEachPiece(
    rows: Int, tallest: Int, outputs: Int, widest: Int, step: Int, depth: Int,
    _ body: (_ rows: Range<Int>, _ outputs: Range<Int>) -> Void
) {
    let threads = WorkerPool.current.threadCount
    guard rows * outputs * depth >= 1 << 17, threads > 1 || rows > tallest || outputs > widest else {
        return body(0..<rows, 0..<outputs)
    }
    let rowPieces = (rows + tallest - 1) / tallest
    let wanted = max((outputs + widest - 1) / widest, (4 * threads + rowPieces - 1) / rowPieces)
    let width = max((outputs + wanted * step - 1) / (wanted * step), 1) * step
    let columnPieces = (outputs + width - 1) / width
    let height = (rows + rowPieces - 1) / rowPieces
    WorkerPool.current.run(count: rowPieces * columnPieces) { item, _ in
        let (row, output) = (item / columnPieces * height, item % columnPieces * width)
        guard row < rows else { return }
        body(row..<min(row + height, rows), output..<min(output + width, outputs))
    }
}
