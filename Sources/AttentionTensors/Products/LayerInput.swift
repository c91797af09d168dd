import CAttentionKernels

/// The input rows of one or more products, with their roundings to 8 bits.
struct LayerInput {
    /// `[rows, inputs]`.
    let x: UnsafePointer<Float>
    let rows: Int
    let inputs: Int
    private var rounded: [RoundedRows] = []

    init(_ x: UnsafePointer<Float>, rows: Int, inputs: Int) {
        (self.x, self.rows, self.inputs) = (x, rows, inputs)
    }

    /// The rows rounded for weights of `format`. Several weights of one format share them.
    mutating func rounded(for format: Int32, _ kernels: Kernels) -> RoundedRows {
        if let rows = rounded.first(where: { $0.format == format && $0.table == kernels.table }) {
            return rows
        }
        let rows = RoundedRows(self, format: format, kernels)
        rounded.append(rows)
        return rows
    }
}

/// Rows in integers of 8 bits, 32 to a scale (`ak_blocks.h`), as the kernels of one instruction set want
/// them.
struct RoundedRows {
    let format: Int32
    let table: UnsafePointer<ak_kernels>
    /// `[rows, inputs]`, `[rows, inputs / 32]` and `[rows, inputs / 32, parts]`, one after another.
    let integers: UnsafeMutablePointer<Int8>
    let scales: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Int32>
    private let storage: TensorStorage

    init(_ input: LayerInput, format: Int32, _ kernels: Kernels) {
        let (x, rows, inputs, blocks) = (input.x, input.rows, input.inputs, input.inputs / 32)
        let (table, parts) = (kernels.table, Int(ak_layout_of(format).parts))
        storage = TensorStorage(byteCount: rows * (inputs + (1 + parts) * blocks * 4))
        let memory = storage.baseAddress
        let q = memory.bindMemory(to: Int8.self, capacity: rows * inputs)
        let scale = (memory + rows * inputs).bindMemory(to: Float.self, capacity: rows * blocks)
        let sum = (memory + rows * (inputs + 4 * blocks)).bindMemory(
            to: Int32.self, capacity: rows * blocks * parts)
        (self.format, self.table, integers, scales, sums) = (format, table, q, scale, sum)
        PieceLoop.run([
            PieceLoop(
                rows: rows, tallest: 32, outputs: 1, widest: 1, step: 1, depth: inputs, bytes: 4 * inputs
            ) {
                part, _ in
                let first = part.lowerBound
                table.pointee.blocks.pointee.quantize_rows(
                    x + first * inputs, inputs, Int64(part.count), Int64(blocks), format, q + first * inputs,
                    scale + first * blocks, sum + first * blocks * parts)
            }
        ])
    }
}
