import CAttentionKernels

/// Gated units, act(gate) · up in one pass: SwiGLU with `silu`, GEGLU with `gelu` (arXiv:2002.05202).
extension Activation {
    /// act(`gate`) · `up`, element by element.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the shapes are equal.
    public func callAsFunction(_ gate: Tensor, times up: Tensor) throws(TensorError) -> Tensor {
        guard gate.shape == up.shape else {
            throw .shapeMismatch(tensor: "gated values", expected: "\(gate.shape)", found: up.shape)
        }
        let (g, u) = (gate.detached().contiguous(), up.detached().contiguous())
        let width = gate.shape.last ?? 1
        let unit = GatedRows(self, count: gate.elementCount, width: width, distance: width)
        let output = try unit.forward(gate: (g, 0), up: (u, 0), shape: gate.shape)
        guard Tensor.isAnyWatched(gate, up) else { return output }
        return output.recorded(as: "\(rawValue) gate", from: [gate, up]) {
            gradient, _ throws(TensorError) in
            var dgate: Tensor?
            try unit.backward(gate: (g, 0), up: (u, 0), &gradient, dgate: &dgate)
            return [dgate, gradient]
        }
    }

    /// act(first half) · second half of the last axis: what one linear layer gives for gate and values together.
    ///
    /// - Parameter input: `[…, 2F]`, the gate's channels first.
    /// - Returns: `[…, F]`
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the last axis has two halves.
    public func gatingHalves(of input: Tensor) throws(TensorError) -> Tensor {
        guard let both = input.shape.last, both % 2 == 0 else {
            throw .shapeMismatch(tensor: "gated values", expected: "[…, 2F]", found: input.shape)
        }
        let width = both / 2
        let unit = GatedRows(self, count: input.elementCount / 2, width: width, distance: both)
        let x = input.detached().contiguous()
        let shape = Shape(input.shape.dropLast() + [width])
        let output = try unit.forward(gate: (x, 0), up: (x, width), shape: shape)
        guard input.isWatched else { return output }
        return output.recorded(as: "\(rawValue) gate", from: input) { gradient throws(TensorError) in
            try unit.backwardOfHalves(x, gradient)
        }
    }
}

/// Rows of gates and of values, in two tensors or as halves of the rows of one.
private struct GatedRows: Sendable {
    let activation: Activation
    let rows: Int
    let width: Int
    /// From one row to the next of gates and values.
    let distance: Int

    init(_ activation: Activation, count: Int, width: Int, distance: Int) {
        self.activation = activation
        rows = width == 0 ? 0 : count / width
        self.width = width
        self.distance = distance
    }

    /// A contiguous tensor, and where the first row begins in it.
    typealias Rows = (tensor: Tensor, start: Int)

    func forward(gate: Rows, up: Rows, shape: Shape) throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        return Tensor(shape: shape) { output in
            let out = output.baseAddress!
            forEachBlock(gate, up) { unit, row in
                unit.out = out + row * width
                kernels.table.pointee.elementwise.gate(&unit)
            }
        }
    }

    /// `gradient` becomes that of the values, in place.
    func backward(gate: Rows, up: Rows, _ gradient: inout Tensor, dgate: inout Tensor?) throws(TensorError) {
        let kernels = try Kernels.selected()
        dgate = Tensor(shape: gradient.shape) { dgate in
            let dgate = dgate.baseAddress!
            gradient.rewrite { dy, dup in
                forEachBlock(gate, up) { unit, row in
                    unit.dy = dy + row * width
                    unit.dgate = dgate + row * width
                    unit.dup = dup + row * width
                    kernels.table.pointee.elementwise.gate_backward(&unit)
                }
            }
        }
    }

    /// The gradient of gates and values in one tensor, as they came.
    func backwardOfHalves(_ x: Tensor, _ gradient: Tensor) throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        let gradient = gradient.contiguous()
        return Tensor(shape: x.shape) { dx in
            let dx = dx.baseAddress!
            gradient.withElementPointer { dy in
                forEachBlock((x, 0), (x, width)) { unit, row in
                    unit.dy = dy + row * width
                    unit.dgate = dx + row * distance
                    unit.dup = dx + row * distance + width
                    kernels.table.pointee.elementwise.gate_backward(&unit)
                }
            }
        }
    }

    private func forEachBlock(_ gate: Rows, _ up: Rows, _ body: (inout ak_gate, _ row: Int) -> Void) {
        gate.tensor.withElementPointer { gates in
            up.tensor.withElementPointer { ups in
                forEachRowBlock(rows: rows, width: width) { row, count in
                    var unit = ak_gate()
                    unit.gate = gates + gate.start + row * distance
                    unit.up = ups + up.start + row * distance
                    unit.row = distance
                    unit.rows = Int64(count)
                    unit.width = Int64(width)
                    unit.activation = activation.kernelValue
                    body(&unit, row)
                }
            }
        }
    }
}
