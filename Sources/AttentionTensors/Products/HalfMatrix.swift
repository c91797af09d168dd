import CAttentionKernels
import Synchronization

/// A weight `[outputs, inputs]` in 16-bit floats, multiplied where it lies. Only a tensor at an odd address
/// is copied, so a mapped model is ready at once. After a few products with few rows, the steps of a decoder,
/// a mapped file's pages are exchanged for large ones, which stream faster.
package struct HalfMatrix: Sendable {
    package let outputs: Int
    package let inputs: Int
    private let weight: StoredTensor
    private let kernels: Kernels
    private let steps = StepCounter()

    /// - Parameter weight: `[outputs, inputs]` in float16 or bfloat16.
    init(_ weight: StoredTensor) throws(TensorError) {
        (outputs, inputs) = (weight.shape[0], weight.shape[1])
        kernels = try Kernels.selected()
        let isEven = weight.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) % 2 == 0 }
        self.weight = isEven ? weight : try weight.copied()
    }

    package var elementType: ElementType { weight.elementType }

    private var format: Int32 {
        Int32((weight.elementType == .float16 ? AK_FLOAT16 : AK_BFLOAT16).rawValue)
    }

    func float32() throws(TensorError) -> Tensor { try weight.float32() }

    /// `act(x · Wᵀ + bias)`, ready to run. The matrix, the input and the bias must outlive it.
    func pieces(
        _ input: LayerInput, _ bias: UnsafePointer<Float>?, _ activation: Activation,
        into y: UnsafeMutablePointer<Float>
    ) -> PieceLoop {
        let (x, rows, inputs, outputs) = (input.x, input.rows, inputs, outputs)
        if rows <= WeightMatrix.mostRowsOfStep, steps.isTime() { weight.settle() }
        let w = weight.withUnsafeBytes { $0.baseAddress!.assumingMemoryBound(to: UInt16.self) }
        let (table, format) = (kernels.table, format)
        let activation = Int32(activation.kernelValue.rawValue)
        // A piece lays its weights out for all its rows: with 258, that is 2 % of its work. 1024 of k of its
        // rows are 1 MiB, which the second-level cache mostly keeps. Narrow pieces are soon done, so that
        // threads end together. A few rows read each weight once, and take as many outputs as there are.
        let isStep = table.pointee.weights.half_scratch(Int64(rows), Int64(inputs)) == 0
        return PieceLoop(
            rows: rows, tallest: 258, outputs: outputs, widest: isStep ? outputs : 128, step: 16,
            depth: inputs,
            bytes: 2 * inputs
        ) { rows, columns in
            let needed = table.pointee.weights.half_scratch(Int64(rows.count), Int64(inputs))
            MemoryPool.withScratch(Int(needed)) { memory in
                var product = ak_half_product(
                    x: x + rows.lowerBound * inputs, x_row: inputs, w: w + columns.lowerBound * inputs,
                    w_row: inputs,
                    y: y + rows.lowerBound * outputs + columns.lowerBound, y_row: outputs,
                    bias: bias.map { $0 + columns.lowerBound }, m: Int64(rows.count), k: Int64(inputs),
                    n: Int64(columns.count), format: format, activation: activation, scratch: memory)
                table.pointee.weights.multiply_half(&product)
            }
        }
    }
}

/// A counter that reports once that enough steps have passed.
private final class StepCounter: Sendable {
    private let count = Atomic(0)
    /// The number of steps before the exchange, so that the first token comes soon and a short text does not
    /// pay for it.
    private static let patience = 4

    func isTime() -> Bool {
        count.load(ordering: .relaxed) < Self.patience
            && count.add(1, ordering: .relaxed).newValue == Self.patience
    }
}
