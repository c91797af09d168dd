/// A weight `[outputs, inputs]` in the form in which it is multiplied. The form follows from the stored type,
/// and only one form is in memory.
package enum WeightMatrix: Sendable {
    /// float32, packed once.
    case packed(PackedMatrix)
    /// float16 or bfloat16, used where it lies: in a mapped file, say.
    case half(HalfMatrix)
    /// One of GGUF's block types, laid out once for the instruction set. Inputs are rounded to 8 bits, 32 to
    /// a scale.
    case blocks(BlockMatrix)

    /// The most rows of a decoder's step: each weight is read once for all of them, and memory limits the
    /// speed.
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

    /// How the numbers are stored.
    package var elementType: ElementType {
        switch self {
        case .packed: .float32
        case .half(let matrix): matrix.elementType
        case .blocks(let matrix): matrix.elementType
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

    /// `act(x · Wᵀ + bias)`, ready to run. A row's bits do not depend on the other rows. The matrix, the
    /// input and the bias must outlive it.
    ///
    /// - Parameters:
    ///   - bias: `[outputs]`, or nil.
    ///   - y: `[rows, outputs]`.
    func pieces(
        _ input: inout LayerInput, _ bias: UnsafePointer<Float>?, _ activation: Activation,
        into y: UnsafeMutablePointer<Float>
    ) -> PieceLoop {
        switch self {
        case .packed(let matrix): matrix.pieces(input, bias, activation, into: y)
        case .half(let matrix): matrix.pieces(input, bias, activation, into: y)
        case .blocks(let matrix): matrix.pieces(&input, bias, activation, into: y)
        }
    }
}
