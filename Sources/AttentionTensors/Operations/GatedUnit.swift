import CAttentionKernels

/// Gated units, act(gate) · up in one pass: SwiGLU with `silu`, GEGLU with `gelu` (arXiv:2002.05202).
extension Activation {
    /// act(`gate`) · `up`, element by element; in the memory of `gate` if no other tensor shares it.
    ///
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)`` unless the shapes are equal.
    public func callAsFunction(_ gate: consuming Tensor, times up: Tensor) throws(TensorError) -> Tensor {
        guard gate.shape == up.shape else {
            throw .shapeMismatch(tensor: "gated values", expected: "\(gate.shape)", found: up.shape)
        }
        let width = gate.shape.last ?? 1
        let unit = GatedRows(self, count: gate.elementCount, width: width, distance: width)
        guard Tensor.isAnyWatched(gate, up) else {
            try unit.forward(&gate, up: up.contiguous())
            return gate
        }
        let (g, u) = (gate.detached().contiguous(), up.detached().contiguous())
        var output = g
        try unit.forward(&output, up: u)
        return output.recorded(as: "\(rawValue) gate", from: [gate, up]) {
            gradient, _ throws(TensorError) in
            let dgate = try unit.backward(gate: g, up: u, &gradient)
            return [dgate, gradient]
        }
    }

    /// act(first half) · second half of the last axis: the output of one linear layer for gate and values.
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
        let output = try unit.forwardOfHalves(x, shape: shape)
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

    /// `gate` becomes the product, in place.
    func forward(_ gate: inout Tensor, up: Tensor) throws(TensorError) {
        let kernels = try Kernels.selected()
        gate.rewrite { gate, out in
            up.withElementPointer { forward(gate: gate, up: $0, into: out, kernels) }
        }
    }

    func forwardOfHalves(_ x: Tensor, shape: Shape) throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        return Tensor(shape: shape) { output in
            x.withElementPointer {
                forward(gate: $0, up: $0 + width, into: output.baseAddress!, kernels)
            }
        }
    }

    private func forward(
        gate: UnsafePointer<Float>, up: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
        _ kernels: Kernels
    ) {
        forEachBlock(gate, up) { unit, row in
            unit.out = out + row * width
            kernels.table.pointee.elementwise.gate(&unit)
        }
    }

    /// `gradient` becomes that of the values, in place; that of the gates is returned.
    func backward(gate: Tensor, up: Tensor, _ gradient: inout Tensor) throws(TensorError) -> Tensor {
        let kernels = try Kernels.selected()
        return Tensor(shape: gradient.shape) { dgate in
            let dgate = dgate.baseAddress!
            gradient.rewrite { dy, dup in
                gate.withElementPointer { gate in
                    up.withElementPointer { up in
                        forEachBlock(gate, up) { unit, row in
                            unit.dy = dy + row * width
                            unit.dgate = dgate + row * width
                            unit.dup = dup + row * width
                            kernels.table.pointee.elementwise.gate_backward(&unit)
                        }
                    }
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
                x.withElementPointer { x in
                    forEachBlock(x, x + width) { unit, row in
                        unit.dy = dy + row * width
                        unit.dgate = dx + row * distance
                        unit.dup = dx + row * distance + width
                        kernels.table.pointee.elementwise.gate_backward(&unit)
                    }
                }
            }
        }
    }

    private func forEachBlock(
        _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ body: (inout ak_gate, _ row: Int) -> Void
    ) {
        forEachRowBlock(rows: rows, width: width) { row, count in
            var unit = ak_gate()
            unit.gate = gate + row * distance
            unit.up = up + row * distance
            unit.row = distance
            unit.rows = Int64(count)
            unit.width = Int64(width)
            unit.activation = activation.kernelValue
            body(&unit, row)
        }
    }
}
