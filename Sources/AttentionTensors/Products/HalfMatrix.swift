import CAttentionKernels
import Synchronization

/// A weight `[outputs, inputs]` in 16-bit floats, multiplied where it lies. Nothing is copied, so that a mapped model
/// is ready at once; only a tensor at an odd address, which a file may hold, is. Once few rows have been multiplied some
/// times, as a decoder's steps do, a mapped file's pages are exchanged for large ones, which stream faster.
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

    private var format: Int32 {
        Int32((weight.elementType == .float16 ? AK_FLOAT16 : AK_BFLOAT16).rawValue)
    }

    func float32() throws(TensorError) -> Tensor { try weight.float32() }

    func product(_ x: Tensor, bias: Tensor?, activation: Activation) throws(TensorError) -> Tensor {
        try layerOutput(x, inputs: inputs, outputs: outputs, bias: bias) { x, rowCount, bias, y in
            if rowCount <= WeightMatrix.mostRowsOfStep, steps.isTime() { weight.settle() }
            weight.withUnsafeBytes { bytes in
                guard let w = bytes.baseAddress?.assumingMemoryBound(to: UInt16.self) else { return }
                multiply(
                    ak_half_product(
                        x: x, x_row: inputs, w: w, w_row: inputs, y: y, y_row: outputs, bias: bias,
                        m: Int64(rowCount), k: Int64(inputs), n: Int64(outputs), format: format,
                        activation: Int32(activation.kernelValue.rawValue), scratch: nil))
            }
        }
    }

    private func multiply(_ whole: ak_half_product) {
        let (inputs, outputs, table) = (inputs, outputs, kernels.table)
        // A piece lays its weights out for all its rows: with 258, that is 2 % of its work. 1024 of k of them are 1 MiB, which
        // the second-level cache mostly keeps. Narrow pieces are soon done, so that threads end together. A few rows read
        // each weight once, and take as many outputs as there are.
        let isStep = table.pointee.weights.half_scratch(whole.m, whole.k) == 0
        forEachPiece(
            rows: Int(whole.m), tallest: 258, outputs: outputs, widest: isStep ? outputs : 128, step: 16,
            depth: inputs
        ) { rows, columns in
            var part = whole
            part.x += rows.lowerBound * inputs
            part.w += columns.lowerBound * inputs
            part.y += rows.lowerBound * outputs + columns.lowerBound
            part.bias = part.bias.map { $0 + columns.lowerBound }
            part.m = Int64(rows.count)
            part.n = Int64(columns.count)
            MemoryPool.withScratch(Int(table.pointee.weights.half_scratch(part.m, part.k))) { memory in
                part.scratch = memory
                table.pointee.weights.multiply_half(&part)
            }
        }
    }
}

/// Says once that enough steps have gone by.
private final class StepCounter: Sendable {
    private let count = Atomic(0)
    /// The first steps are left alone, so that the first token comes soon, and one that reads few does not pay.
    private static let patience = 4

    func isTime() -> Bool {
        count.load(ordering: .relaxed) < Self.patience
            && count.add(1, ordering: .relaxed).newValue == Self.patience
    }
}
